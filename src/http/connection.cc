#include "http/connection.h"

#include "http/target.h"
#include "util/log.h"

namespace eai::http {

namespace {

constexpr std::size_t k_first_room = 4 * 1024;
constexpr std::size_t k_body_room = 64 * 1024;
constexpr std::size_t k_early_limit = 256 * 1024;  // bytes of coming requests kept while a handler works
constexpr std::size_t k_line_limit = 64 * 1024;    // bytes of a chunk's line, or of trailers
constexpr std::chrono::milliseconds k_linger{2000};
constexpr std::chrono::milliseconds k_watch_after{20};
constexpr std::size_t k_usual_target = 256;

int status_of(const ErrorCode& failure) {
  if (failure == beast::http::error::header_limit) return 431;
  if (failure == beast::http::error::body_limit) return 413;
  if (failure == beast::http::error::bad_version) return 505;
  return 400;
}

std::string why_of(const ErrorCode& failure, std::uint32_t header_limit, std::uint64_t body_limit) {
  if (failure == beast::http::error::header_limit)
    return "the request's header is larger than " + std::to_string(header_limit) + " bytes";
  if (failure == beast::http::error::body_limit)
    return "the request's body is larger than " + std::to_string(body_limit) + " bytes";
  return "this is not a valid HTTP/1.1 request: " + failure.message();
}

constexpr std::string_view k_too_many_bodies = "the server holds too many request bodies at once; try again later";

}  // namespace

Connection::Connection(StreamSocket socket, std::shared_ptr<asio::ssl::context> tls,
                       std::shared_ptr<ServerShared> shared, Ends ends)
    : socket_(std::move(socket)),
      tls_context_(std::move(tls)),
      shared_(std::move(shared)),
      watch_(shared_->watches, [this] { start_read(); }) {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);  // for write_now()
  if (tls_context_) tls_.emplace(socket_, *tls_context_);
  incoming_.peer = std::move(ends.peer);
  incoming_.local = std::move(ends.local);
  incoming_.encrypted = tls_.has_value();
  quiet_since_ = about_now();
  expect_within(shared_->limits.head);
}

Connection::~Connection() { shared_->bodies -= counted_body_; }

void Connection::close() {
  gone_ = true;
  ErrorCode ignored;
  socket_.close(ignored);
  read_.call(socket_.get_executor());
  stop_.emit(asio::cancellation_type::terminal);
}

// Where only the end of the connection ends an answer, an orderly end would make it look whole.
void Connection::break_off() {
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
}

void Connection::retire() {
  retired_ = true;
  if (!handling_) close();
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  try {
    if (tls_) {
      auto [failure] = co_await tls_->async_handshake(asio::ssl::stream_base::server, k_tuple);
      if (failure) co_return;
    }
    co_await serve();
    if (!gone_) co_await linger();
  } catch (const boost::system::system_error&) {
    // Cancelled: the client has disconnected, or the server stops.
  }
  ErrorCode ignored;
  gone_ = true;
  socket_.close(ignored);
}

void Connection::start_read() {
  if (reading_ || gone_) return;
  // Left unread, it would hide the client's leaving.
  if (handling_ && buffer_.size() >= k_early_limit) return leave();
  if (handling_) buffer_.shrink(k_first_room);
  reading_ = true;
  const auto [data, size] = buffer_.room(in_body_ ? k_body_room : k_first_room / 2);
  const auto into = asio::buffer(data, size);
  auto done = [self = shared_from_this()](ErrorCode failure, std::size_t count) { self->on_read(failure, count); };
  if (tls_)
    tls_->async_read_some(into, std::move(done));
  else
    socket_.async_read_some(into, std::move(done));
}

void Connection::leave() {
  gone_ = true;
  read_.ring();
  if (handling_) stop_.emit(asio::cancellation_type::terminal);
}

void Connection::on_read(ErrorCode failure, std::size_t count) {
  reading_ = false;
  buffer_.commit(count);
  if (failure) {
    leave();
    return;
  }
  if (handling_)
    start_read();
  else
    read_.ring();
}

asio::awaitable<bool> Connection::wait_for_bytes() {
  const auto before = buffer_.size();
  if (!reading_) co_await shared_->turns.next();
  start_read();
  while (!gone_ && reading_ && buffer_.size() == before) co_await read_.wait();
  co_return !gone_ || buffer_.size() > before;
}

asio::awaitable<bool> Connection::read_head(WireParser<true>& parser, ErrorCode& failure) {
  bool begun = false;
  while (!parser.is_header_done()) {
    if (feed(parser, buffer_, failure) || failure) {
      if (failure) co_return true;
      continue;
    }
    // The clock of the head starts with its first byte, so that dripping bytes does not move it.
    const bool some = parser.got_some() || buffer_.size() > 0;
    if (some && !std::exchange(begun, true)) expect_within(shared_->limits.head);
    if (!co_await wait_for_bytes()) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> Connection::read_body(WireParser<true>& parser, ErrorCode& failure) {
  std::optional<Clock::time_point> begun;
  const Limits& limits = shared_->limits;
  in_body_ = true;
  while (!parser.is_done()) {
    const std::uint64_t held = std::max<std::uint64_t>(parser.body.size(), counted_body_);
    shared_->bodies += held - counted_body_;
    counted_body_ = held;
    if (feed(parser, buffer_, failure)) {
      if (failure) co_return true;
      continue;
    }
    if (failure) co_return true;
    // The parser takes all bytes of a body at once; what it leaves is a line of a chunk or a trailer that never ends.
    if (buffer_.size() >= k_line_limit) {
      failure = beast::http::error::bad_chunk;
      co_return true;
    }
    if (shared_->bodies > limits.bodies) {
      failure = beast::http::error::buffer_overflow;
      co_return true;
    }
    if (!begun) begun = about_now();
    deadline_ = *begun + limits.body_grace + std::chrono::seconds(parser.body.size() / limits.body_rate);
    if (!co_await wait_for_bytes()) co_return false;
  }
  co_return true;
}

asio::awaitable<void> Connection::serve() {
  while (!gone_) {
    begun_ = ended_ = chunked_ = no_body_ = in_body_ = false;
    due_.reset();
    overrun_ = false;
    std::uint64_t body_limit = shared_->limits.body;
    http11_ = keep_alive_ = true;
    WireParser<true> parser(shared_->limits.header);
    parser.body_limit(body_limit);
    parser.use_room_of(incoming_.target, incoming_.headers);
    ErrorCode failure;
    if (!co_await read_head(parser, failure)) co_return;
    incoming_.method = std::move(parser.method);
    incoming_.target = std::move(parser.target);
    make_canonical(incoming_.target);
    incoming_.headers = std::move(parser.headers);
    if (failure) {
      co_await refuse(failure, body_limit);
      co_return;
    }
    http11_ = parser.http11;
    keep_alive_ = parser.keep_alive();
    no_body_ = incoming_.method == "HEAD";
    // Only its decoder would know where another coding ends, and what follows would pass for a request.
    const int codings = count_header(incoming_.headers, "transfer-encoding");
    if (codings > 1 || (codings == 1 && lower(incoming_.header("transfer-encoding")) != "chunked")) {
      co_await refuse(501, "chunked is the only transfer coding that this server understands");
      co_return;
    }
    if (shared_->handlers.admit) {
      const Admission admission = shared_->handlers.admit(incoming_);
      if (admission.refusal) {
        keep_alive_ = keep_alive_ && parser.is_done();  // an unread body is never skipped over
        const auto sent = co_await send(*admission.refusal);
        rest();
        if (!sent || !keep_alive_) co_return;
        continue;
      }
      body_limit = std::min(body_limit, admission.body_limit);
      parser.body_limit(body_limit);
    }
    const std::uint64_t announced = parser.content_length() ? *parser.content_length() : 0;
    if (announced > body_limit) {
      co_await refuse(beast::http::error::body_limit, body_limit);
      co_return;
    }
    if (shared_->bodies + announced > shared_->limits.bodies) {
      co_await refuse(503, k_too_many_bodies);
      co_return;
    }
    if (http11_ && !parser.is_done() && lower(incoming_.header("expect")) == "100-continue") {
      if (!co_await write_raw("HTTP/1.1 100 Continue\r\n\r\n")) co_return;
    }
    parser.eager(true);
    if (!parser.is_done()) feed(parser, buffer_, failure);  // mostly all of it came with its head
    if (!failure && !parser.is_done() && !co_await read_body(parser, failure)) co_return;
    if (failure == beast::http::error::buffer_overflow) {
      co_await refuse(503, k_too_many_bodies);
      co_return;
    }
    if (failure) {
      co_await refuse(failure, body_limit);
      co_return;
    }
    incoming_.body = std::move(parser.body);
    co_await handle();
    shared_->bodies -= counted_body_;
    counted_body_ = 0;
    if (!ended_) {  // cut off, so that a begun answer without an end does not look whole
      if (begun_ && !chunked_ && !due_) break_off();
      close();
      co_return;
    }
    rest();
    if (!keep_alive_ || retired_) co_return;
  }
}

// Until the next request. Of this one only the memory for headers of usual size is kept.
void Connection::rest() {
  quiet_since_ = about_now();
  deadline_ = quiet_since_ + shared_->limits.idle;
  std::string().swap(incoming_.body);  // assigning would keep its memory
  std::string().swap(incoming_.method);
  if (incoming_.target.capacity() > k_usual_target) std::string().swap(incoming_.target);
  incoming_.headers.clear();
  if (incoming_.headers.capacity() > k_usual_headers) incoming_.headers = HeaderList();
  if (!reading_) buffer_.shrink(k_first_room);
}

asio::awaitable<void> Connection::handle() {
  struct Running {
    explicit Running(Connection& owner) : connection(owner) {
      connection.handling_ = true;
      ++connection.shared_->running;
    }
    ~Running() {
      connection.watch_.lift();
      connection.handling_ = false;
      --connection.shared_->running;
    }
    Connection& connection;
  };
  {
    const Running running(*this);
    deadline_ = Clock::time_point::max();  // the handler's own deadlines hold now
    in_body_ = false;
    watch_.set(about_now() + k_watch_after);
    try {
      co_await shared_->handlers.handle(incoming_, *this);
    } catch (const boost::system::system_error&) {
      throw;  // cancellation
    } catch (const std::exception& bug) {
      log::error("a request handler failed: {}", bug.what());
    }
  }
  if (!begun_ && !gone_) co_await refuse(500, "internal error");
}

asio::awaitable<void> Connection::refuse(int status, std::string_view why) {
  keep_alive_ = false;
  const Reply reply = shared_->handlers.refuse(incoming_, status, why);
  static_cast<void>(co_await send(reply));
}

asio::awaitable<void> Connection::refuse(ErrorCode failure, std::uint64_t body_limit) {
  const std::string why = why_of(failure, shared_->limits.header, body_limit);
  co_await refuse(status_of(failure), why);
}

// Closing while unread bytes wait would make the kernel throw away the answer that the client has not read yet.
asio::awaitable<void> Connection::linger() {
  ErrorCode ignored;
  if (tls_) {
    expect_within(k_linger);
    auto [failure] = co_await tls_->async_shutdown(k_tuple);
    static_cast<void>(failure);
    co_return;
  }
  socket_.shutdown(StreamSocket::shutdown_send, ignored);
  expect_within(k_linger);
  while (!gone_) {
    buffer_.consume(buffer_.size());
    if (!co_await wait_for_bytes()) co_return;
  }
}

}  // namespace eai::http
