#include "http/unix_client.h"

#include <algorithm>
#include <cerrno>
#include <map>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include "http/deadlines.h"
#include "http/waits.h"
#include "http/wire_parser.h"
#include "http/write_now.h"
#include "util/peer.h"

namespace eai::http {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using Clock = std::chrono::steady_clock;
constexpr auto k_tuple = asio::as_tuple(asio::deferred);
constexpr std::size_t k_read_size = 16 * 1024;
constexpr std::uint32_t k_head_limit = 64 * 1024;
constexpr std::chrono::seconds k_at_once{1};
// What happens to a connection so soon after it was given back would as often happen just after a look at it. Under load
// each is used again within a few milliseconds.
constexpr std::chrono::milliseconds k_moment{20};

namespace {

struct Connection {
  explicit Connection(asio::io_context& context) : socket(context) {}
  Socket socket;
  WireBuffer buffer;
  Clock::time_point idle_since{};
};

std::string head_of(const Ask& request) {
  std::string head;
  head.reserve(256 + (request.body.size() <= k_joined ? request.body.size() : 0));
  head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!request.content_type.empty()) head.append("Content-Type: ").append(request.content_type).append("\r\n");
  if (!request.body.empty() || request.method == "POST")
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  return head.append("\r\n");
}

// A connection on which something arrived while nobody asked, or that was closed, is of no use.
bool still_good(Socket& socket) {
  char probe;
  return ::recv(socket.native_handle(), &probe, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

// The idle connections to one socket, oldest first.
struct Line {
  std::vector<std::unique_ptr<Connection>> idle;
};

}  // namespace

struct UnixClient::Shared {
  Shared(asio::io_context& context, std::chrono::milliseconds idle_time)
      : longest(idle_time), deadlines(std::make_shared<Deadlines>(context)), turns(context) {}

  std::chrono::milliseconds longest;
  std::shared_ptr<Deadlines> deadlines;
  Turns turns;
  std::map<std::string, std::shared_ptr<Line>, std::less<>> lines;  // by socket

  std::shared_ptr<Line> line_to(std::string_view socket) {
    auto found = lines.find(socket);
    if (found == lines.end()) found = lines.emplace(socket, std::make_shared<Line>()).first;
    return found->second;
  }

  std::unique_ptr<Connection> take(Line& line, Clock::time_point now) {
    while (!line.idle.empty()) {
      auto connection = std::move(line.idle.back());  // the youngest is the likeliest to live
      line.idle.pop_back();
      const auto idle = now - connection->idle_since;
      if (idle < k_moment || (idle < longest && still_good(connection->socket))) return connection;
    }
    return nullptr;
  }

  void give(Line& line, std::unique_ptr<Connection> connection) {
    connection->idle_since = about_now();
    connection->buffer.shrink(k_read_size);
    // From all sockets: an engine that has ended is not asked again, and its connections would stay open for ever.
    const auto too_old = [&](const auto& old) { return connection->idle_since - old->idle_since >= longest; };
    for (auto entry = lines.begin(); entry != lines.end();) {
      auto& old = entry->second->idle;
      old.erase(old.begin(), std::find_if_not(old.begin(), old.end(), too_old));
      entry = old.empty() && entry->second.use_count() == 1 ? lines.erase(entry) : std::next(entry);
    }
    if (line.idle.size() >= k_idle_per_socket) line.idle.erase(line.idle.begin());
    line.idle.push_back(std::move(connection));
  }
};

struct IncomingReply::State {
  State(std::shared_ptr<UnixClient::Shared> owner, std::string_view socket)
      : shared(std::move(owner)), line(shared->line_to(socket)), limit(shared->deadlines, [this] { give_up(); }) {}

  std::shared_ptr<UnixClient::Shared> shared;
  std::shared_ptr<Line> line;
  std::unique_ptr<Connection> connection;
  WireParser<false> parser{k_head_limit};
  std::string handed_out;
  Deadlines::Limit limit;  // goes before the connection
  bool late = false;       // it passed

  // How its next read ended.
  ErrorCode took(ErrorCode failure, std::size_t count) {
    connection->buffer.commit(count);
    if (failure == asio::error::eof && parser.got_some()) {
      ErrorCode at_end;
      parser.put_eof(at_end);
      if (!at_end) return {};
    }
    return failure;
  }
  auto read_some() {
    const auto [data, size] = connection->buffer.room(k_read_size / 2);
    return connection->socket.async_read_some(asio::buffer(data, size), k_tuple);
  }

  void set_limit(std::optional<std::chrono::milliseconds> after, Clock::time_point now) {
    if (after) limit.set(now + *after);
  }
  // The operation under way fails then.
  void give_up() {
    late = true;
    ErrorCode ignored;
    connection->socket.close(ignored);
  }

  // The connection goes back as soon as the message is whole.
  void release_if_done() {
    limit.lift();
    if (!connection || !parser.is_done()) return;
    if (parser.keep_alive() && connection->buffer.size() == 0) shared->give(*line, std::move(connection));
    connection.reset();
  }
};

IncomingReply::IncomingReply(std::unique_ptr<State> state) : state_(std::move(state)) {}
IncomingReply::IncomingReply(IncomingReply&&) noexcept = default;
IncomingReply& IncomingReply::operator=(IncomingReply&&) noexcept = default;
IncomingReply::~IncomingReply() = default;

int IncomingReply::status() const { return state_->parser.status; }
const HeaderList& IncomingReply::headers() const { return state_->parser.headers; }

std::string_view IncomingReply::take_arrived() {
  state_->handed_out.clear();
  std::swap(state_->handed_out, state_->parser.body);
  return state_->handed_out;
}

std::string IncomingReply::take_rest() { return std::move(state_->parser.body); }
bool IncomingReply::whole() const { return state_->parser.is_done(); }

asio::awaitable<Result<std::string_view>> IncomingReply::read(std::optional<std::chrono::milliseconds> stall) {
  State& state = *state_;
  bool waits = false;
  while (state.parser.body.empty() && !state.parser.is_done()) {
    ErrorCode failure;
    if (feed(state.parser, state.connection->buffer, failure)) continue;
    if (!failure) {
      if (!std::exchange(waits, true)) state.set_limit(stall, about_now());
      const auto [ended, count] = co_await state.read_some();
      failure = state.took(ended, count);
    }
    if (failure) {
      state.limit.lift();
      state.connection.reset();
      if (state.late) co_return fail(Code::timeout, "the engine sent nothing for too long");
      co_return fail(Code::network, "the engine closed the connection in the middle of its answer");
    }
  }
  state.release_if_done();
  co_return take_arrived();
}

UnixClient::UnixClient(asio::io_context& context, std::chrono::milliseconds idle_time)
    : context_(context), shared_(std::make_shared<Shared>(context, idle_time)) {}
UnixClient::~UnixClient() = default;

namespace {

// What ask() seldom needs is not a part of its frame, of which every request has one.
asio::awaitable<ErrorCode> connect(Socket& wire, std::string_view path) {
  const asio::local::stream_protocol::endpoint endpoint(path);
  auto [failure] = co_await wire.async_connect(endpoint, k_tuple);
  if (!failure) wire.non_blocking(true, failure);
  co_return failure;
}

Failure not_there(std::string_view socket, const ErrorCode& why) {
  return fail(Code::not_found, "no engine listens on " + std::string(socket) + ": " + why.message());
}
Failure too_long(std::string_view socket) {
  return fail(Code::invalid, "the socket path is too long: " + std::string(socket));
}
Failure late() { return fail(Code::timeout, "the engine did not answer in time"); }
Failure gone() { return fail(Code::network, "the engine closed the connection without an answer"); }

}  // namespace

asio::awaitable<Result<IncomingReply>> UnixClient::ask(std::string_view socket, Ask request) {
  if (socket.size() >= sizeof(sockaddr_un::sun_path)) co_return too_long(socket);
  for (;;) {
    const auto now = about_now();
    auto state = std::make_unique<IncomingReply::State>(shared_, socket);
    state->connection = shared_->take(*state->line, now);
    const bool kept = state->connection != nullptr;
    if (!kept) state->connection = std::make_unique<Connection>(context_);
    Socket& wire = state->connection->socket;
    if (request.method == "HEAD") state->parser.skip(true);
    state->parser.eager(true);
    state->parser.body_limit(boost::none);
    state->set_limit(request.head_timeout, now);

    ErrorCode failure;
    if (!kept) {
      failure = co_await connect(wire, socket);
      if (failure) co_return not_there(socket, failure);
      if (!is_own_peer(wire.native_handle())) {
        co_return fail(Code::not_found, "another user listens on " + std::string(socket) + ", who is told nothing");
      }
    }
    {
      std::string head = head_of(request);
      const Parts parts = joined(head, request.body);
      std::size_t written = write_now(wire, parts, failure);
      if (!failure && written < asio::buffer_size(parts)) {
        const Parts rest = parts_after(parts, written);
        std::tie(failure, written) = co_await asio::async_write(wire, rest, k_tuple);
      }
    }
    co_await shared_->turns.next();
    // An engine may answer (413, say) and close before it has read everything: its answer counts.
    if (failure == asio::error::broken_pipe) failure = {};
    while (!failure && !state->parser.is_header_done()) {
      if (feed(state->parser, state->connection->buffer, failure) || failure) continue;
      const auto [ended, count] = co_await state->read_some();
      failure = state->took(ended, count);
    }
    if (!failure) {
      state->release_if_done();
      co_return IncomingReply(std::move(state));
    }
    if (state->late) co_return late();
    const bool untouched = !state->parser.got_some() && state->connection->buffer.size() == 0;
    // One that had died before fails at once; one that fails later may have died of this very request.
    const bool was_dead = kept && untouched && about_now() - now < k_at_once;
    if (was_dead && failure != asio::error::operation_aborted) continue;
    co_return gone();
  }
}

asio::awaitable<Result<Reply>> UnixClient::fetch(std::string socket, Ask request, std::size_t limit) {
  const auto timeout = request.head_timeout;
  auto answer = co_await ask(socket, std::move(request));
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
