#include "http/engine_client.h"

#include <array>
#include <cerrno>
#include <deque>
#include <unordered_map>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include "http/wire_parser.h"

namespace eai::http {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using Clock = std::chrono::steady_clock;
constexpr auto k_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t k_read_size = 16 * 1024;
constexpr std::uint32_t k_head_limit = 64 * 1024;

namespace {

struct Connection {
  explicit Connection(asio::io_context& context) : socket(context) {}
  Socket socket;
  WireBuffer buffer;
  Clock::time_point idle_since{};
};

// Closes the socket when the time is up; the pending operation then fails, and expired() says why.
class Deadline {
 public:
  Deadline(Socket& socket, std::optional<std::chrono::milliseconds> after) {
    if (!after) return;
    timer_.emplace(socket.get_executor(), *after);
    timer_->async_wait([&socket, expired = expired_](ErrorCode cancelled) {
      if (cancelled || !expired->armed) return;
      expired->fired = true;
      ErrorCode ignored;
      socket.close(ignored);
    });
  }
  Deadline(const Deadline&) = delete;
  ~Deadline() { expired_->armed = false; }
  bool expired() const { return expired_->fired; }

 private:
  struct Flags {
    bool armed = true, fired = false;
  };
  std::shared_ptr<Flags> expired_ = std::make_shared<Flags>();
  std::optional<asio::steady_timer> timer_;
};

std::string head_of(const Ask& request) {
  std::string head;
  head.reserve(512);
  head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  for (const auto& [name, value] : request.headers) head.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == "POST")
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  return head.append("\r\n");
}

// A connection on which something arrived while nobody asked, or that was closed, is of no use.
bool still_good(Socket& socket) {
  char probe;
  return ::recv(socket.native_handle(), &probe, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

}  // namespace

struct EngineClient::Idle {
  std::chrono::milliseconds longest;
  std::unordered_map<std::string, std::deque<std::unique_ptr<Connection>>> connections;  // by socket

  std::unique_ptr<Connection> take(const std::string& path) {
    const auto found = connections.find(path);
    if (found == connections.end()) return nullptr;
    auto& kept = found->second;
    while (!kept.empty()) {
      auto connection = std::move(kept.back());  // the youngest is the likeliest to live
      kept.pop_back();
      if (Clock::now() - connection->idle_since < longest && still_good(connection->socket)) return connection;
    }
    connections.erase(found);
    return nullptr;
  }

  void give(const std::string& path, std::unique_ptr<Connection> connection) {
    connection->idle_since = Clock::now();
    connection->buffer.shrink(k_read_size);
    // Of all sockets: an engine that went away is not asked any more, and its connections would stay for ever.
    for (auto entry = connections.begin(); entry != connections.end();) {
      auto& old = entry->second;
      while (!old.empty() && connection->idle_since - old.front()->idle_since >= longest) old.pop_front();
      entry = old.empty() ? connections.erase(entry) : std::next(entry);
    }
    auto& kept = connections[path];
    if (kept.size() >= k_idle_per_socket) kept.pop_front();
    kept.push_back(std::move(connection));
  }
};

struct Answer::State {
  std::unique_ptr<Connection> connection;
  WireParser<false> parser{k_head_limit};
  std::string handed_out;
  std::weak_ptr<EngineClient::Idle> idle;
  std::string path;

  asio::awaitable<ErrorCode> read_more() {
    const auto [data, size] = connection->buffer.room(k_read_size / 2);
    const auto buffer = asio::buffer(data, size);
    auto [failure, count] = co_await connection->socket.async_read_some(buffer, k_tuple);
    connection->buffer.commit(count);
    if (failure == asio::error::eof && parser.got_some()) {
      ErrorCode at_end;
      parser.put_eof(at_end);
      if (!at_end) co_return ErrorCode{};
    }
    co_return failure;
  }

  // The connection goes back as soon as the message is whole.
  void release_if_done() {
    if (!connection || !parser.is_done()) return;
    const auto keeper = idle.lock();
    if (keeper && parser.keep_alive() && connection->buffer.size() == 0) keeper->give(path, std::move(connection));
    connection.reset();
  }
};

Answer::Answer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Answer::Answer(Answer&&) noexcept = default;
Answer& Answer::operator=(Answer&&) noexcept = default;
Answer::~Answer() = default;

int Answer::status() const { return state_->parser.status; }
const HeaderList& Answer::headers() const { return state_->parser.headers; }

std::string_view Answer::take_arrived() {
  state_->handed_out.clear();
  std::swap(state_->handed_out, state_->parser.body);
  return state_->handed_out;
}

asio::awaitable<Result<std::string_view>> Answer::read(std::optional<std::chrono::milliseconds> stall) {
  State& state = *state_;
  std::optional<Deadline> deadline;
  while (state.parser.body.empty() && !state.parser.is_done()) {
    ErrorCode failure;
    if (feed(state.parser, state.connection->buffer, failure)) continue;
    if (!failure) {
      if (!deadline) deadline.emplace(state.connection->socket, stall);
      failure = co_await state.read_more();
    }
    if (failure) {
      const bool late = deadline && deadline->expired();
      deadline.reset();
      state.connection.reset();
      if (late) co_return fail(Code::timeout, "the engine sent nothing for too long");
      co_return fail(Code::network, "the engine broke off in the middle of its answer");
    }
  }
  deadline.reset();
  state.release_if_done();
  co_return take_arrived();
}

EngineClient::EngineClient(asio::io_context& context, std::chrono::milliseconds idle_time)
    : context_(context), idle_(std::make_shared<Idle>()) {
  idle_->longest = idle_time;
}
EngineClient::~EngineClient() = default;

asio::awaitable<Result<Answer>> EngineClient::ask(std::string socket, Ask request) {
  const std::string head = head_of(request);
  if (socket.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return fail(Code::invalid, "the socket path is too long: " + socket);
  }
  for (;;) {
    auto state = std::make_unique<Answer::State>();
    state->path = socket;
    state->idle = idle_;
    state->connection = idle_->take(socket);
    const bool kept = state->connection != nullptr;
    if (!kept) state->connection = std::make_unique<Connection>(context_);
    Socket& wire = state->connection->socket;
    if (request.method == "HEAD") state->parser.skip(true);
    state->parser.eager(true);
    state->parser.body_limit(boost::none);

    std::optional<Deadline> deadline(std::in_place, wire, request.head_timeout);
    ErrorCode failure;
    if (!kept) {
      const asio::local::stream_protocol::endpoint endpoint(socket);
      std::tie(failure) = co_await wire.async_connect(endpoint, k_tuple);
      if (failure) {
        co_return fail(Code::not_found, "no engine listens on " + socket + ": " + failure.message());
      }
    }
    const std::array<asio::const_buffer, 2> out = {asio::buffer(head), asio::buffer(request.body)};
    std::size_t written = 0;
    std::tie(failure, written) = co_await asio::async_write(wire, out, k_tuple);
    // An engine may answer (413, say) and close before it has read everything: its answer counts.
    if (failure == asio::error::broken_pipe) failure = {};
    while (!failure && !state->parser.is_header_done()) {
      if (feed(state->parser, state->connection->buffer, failure) || failure) continue;
      failure = co_await state->read_more();
    }
    const bool late = deadline->expired();
    deadline.reset();
    if (!failure) {
      state->release_if_done();
      co_return Answer(std::move(state));
    }
    if (late) co_return fail(Code::timeout, "the engine did not answer in time");
    const bool untouched = !state->parser.got_some() && state->connection->buffer.size() == 0;
    if (kept && untouched && failure != asio::error::operation_aborted) continue;
    co_return fail(Code::network, "the engine closed the connection without an answer");
  }
}

asio::awaitable<Result<Reply>> EngineClient::fetch(std::string socket, Ask request, std::size_t limit) {
  const auto timeout = request.head_timeout;
  auto answer = co_await ask(std::move(socket), std::move(request));
  if (!answer) co_return Failure(std::move(answer).error());
  Reply reply;
  reply.status = answer->status();
  reply.headers = answer->headers();
  for (;;) {
    auto bytes = co_await answer->read(timeout);
    if (!bytes) co_return Failure(std::move(bytes).error());
    if (bytes->empty()) co_return reply;
    if (reply.body.size() + bytes->size() > limit) {
      co_return fail(Code::network, "the engine's answer is longer than " + std::to_string(limit) + " bytes");
    }
    reply.body.append(*bytes);
  }
}

}  // namespace eai::http
