// The way back to the client: whole answers, chunked ones, and those whose length was announced.
#include <array>
#include <charconv>

#include "http/connection.h"
#include "http/send_file.h"
#include "http/write_now.h"
#include "util/file.h"

namespace eai::http {

namespace {

constexpr const char* k_too_long = "the answer has more bytes than were announced";
constexpr const char* k_left = "the client has disconnected";
constexpr std::uint64_t k_file_step = 512 * k_kib;  // after which other clients get a turn
constexpr std::uint64_t k_memory_step = 64 * k_kib;

void append_chunk_head(std::string& to, std::uint64_t bytes) {
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes, 16).ptr;
  to.append(size.data(), end).append("\r\n");
}

void append_chunk(std::string& to, std::string_view bytes) {
  to.reserve(to.size() + bytes.size() + 20);
  append_chunk_head(to, bytes.size());
  to.append(bytes).append("\r\n");
}

// Not every file system can send.
bool is_no_such_way(const ErrorCode& failure) {
  return failure == boost::system::errc::invalid_argument || failure == boost::system::errc::function_not_supported ||
         failure == boost::system::errc::operation_not_supported;
}

// The socket's trouble, not the file's.
bool is_of_client(const ErrorCode& failure) {
  return failure == asio::error::would_block || failure == asio::error::broken_pipe ||
         failure == asio::error::connection_reset || failure == asio::error::connection_aborted ||
         failure == asio::error::not_connected || failure == asio::error::timed_out ||
         failure == asio::error::bad_descriptor;
}

asio::awaitable<Result<void>> nothing() { co_return Result<void>{}; }
asio::awaitable<Result<void>> failed(const char* why) { co_return fail(Code::io, why); }

}  // namespace

std::string Connection::head_of(int status, const HeaderList& headers, std::size_t body_size) const {
  std::string head;
  head.reserve(384 + (body_size <= k_joined ? body_size : 0));
  head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_of(status)).append("\r\n");
  for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
  if (!keep_alive_)
    head.append("Connection: close\r\n");
  else if (!http11_)
    head.append("Connection: keep-alive\r\n");
  return head;
}

// Mostly the socket takes everything at once, and a coroutine that could wait would be made for nothing.
asio::awaitable<Result<void>> Connection::write_raw(std::string head, std::string_view body) {
  const Parts parts = joined(head, body);
  ErrorCode failure;
  const std::size_t done = tls_ ? 0 : write_now(socket_, parts, failure);
  if (!failure && done == asio::buffer_size(parts)) return nothing();
  if (parts.back().size() == 0) body = {};  // it is a part of `head` now
  return write_rest(std::move(head), body, done, failure);
}

// The clock runs from the last byte that the client took; but once it has had its time, only a fair rate prolongs it.
void Connection::expect_progress(Clock::time_point begun, std::uint64_t done) {
  const Limits& limits = shared_->limits;
  if (limits.write_rate == 0) return expect_within(limits.write);
  deadline_ = begun + limits.write + std::chrono::seconds(done / limits.write_rate);
}

asio::awaitable<Result<void>> Connection::write_rest(std::string head, std::string_view body, std::size_t done,
                                                     ErrorCode failure) {
  const Parts parts = {asio::buffer(head), asio::buffer(body)};
  const std::size_t total = asio::buffer_size(parts);
  const Clock::time_point begun = about_now();
  while (!failure && done < total) {
    expect_progress(begun, done);
    const Parts rest = parts_after(parts, done);
    std::size_t count = 0;
    if (tls_) {
      const auto next = rest[0].size() ? rest[0] : rest[1];
      std::tie(failure, count) = co_await tls_->async_write_some(next, k_tuple);
    } else {
      std::tie(failure, count) = co_await socket_.async_write_some(rest, k_tuple);
    }
    done += count;
  }
  if (failure) {
    gone_ = true;
    co_return fail(Code::network, k_left);
  }
  if (handling_) deadline_ = Clock::time_point::max();
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Connection::send(const Reply& reply) {
  begun_ = ended_ = true;
  if (retired_ || shared_->stopping) keep_alive_ = false;
  std::string head = head_of(reply.status, reply.headers, reply.body.size());
  if (reply.status != 204 && reply.status != 304)
    head.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
  head.append("\r\n");
  return write_raw(std::move(head), no_body_ ? std::string_view{} : std::string_view(reply.body));
}

asio::awaitable<Result<void>> Connection::begin(int status, const HeaderList& headers, std::string_view first) {
  begun_ = true;
  if (retired_ || shared_->stopping) keep_alive_ = false;
  chunked_ = http11_;
  if (!chunked_) keep_alive_ = false;
  std::string head = head_of(status, headers, 0);
  head.append(chunked_ ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
  if (first.empty() || no_body_) return write_raw(std::move(head));
  if (!chunked_) return write_raw(std::move(head), first);
  append_chunk(head, first);
  return write_raw(std::move(head));
}

asio::awaitable<Result<void>> Connection::begin_sized(int status, const HeaderList& headers, std::uint64_t length,
                                                      std::string_view first) {
  if (first.size() > length) return failed(k_too_long);
  begun_ = true;
  if (retired_ || shared_->stopping) keep_alive_ = false;
  std::string head = head_of(status, headers, first.size());
  head.append("Content-Length: ").append(std::to_string(length)).append("\r\n\r\n");
  due_ = length - first.size();
  return write_raw(std::move(head), no_body_ ? std::string_view{} : first);
}

// False: these bytes are more than were announced.
bool Connection::take_from_due(std::uint64_t bytes) {
  if (!due_) return true;
  overrun_ = overrun_ || bytes > *due_;
  if (!overrun_) *due_ -= bytes;
  return !overrun_;
}

asio::awaitable<Result<void>> Connection::write(std::string_view bytes) {
  if (!take_from_due(bytes.size())) return failed(k_too_long);
  if (bytes.empty() || no_body_) return nothing();
  if (!chunked_) return write_raw({}, bytes);
  if (bytes.size() > k_joined) return write_large_chunk(bytes);
  std::string chunk;
  append_chunk(chunk, bytes);
  return write_raw(std::move(chunk));
}

// Without a copy of what may be megabytes.
asio::awaitable<Result<void>> Connection::write_large_chunk(std::string_view bytes) {
  std::string head;
  append_chunk_head(head, bytes.size());
  auto written = co_await write_raw(std::move(head), bytes);
  if (!written) co_return written;
  co_return co_await write_raw("\r\n");
}

asio::awaitable<Result<void>> Connection::write_file(std::string_view before, int file, ByteRange range) {
  const std::uint64_t count = before.size() + range.size();
  if (!take_from_due(count)) co_return fail(Code::io, k_too_long);
  if (count == 0 || no_body_) co_return Result<void>{};
  std::string head;
  if (chunked_) append_chunk_head(head, count);
  head.append(before);
  if (!head.empty()) {
    auto written = co_await write_raw(std::move(head));
    if (!written) co_return written;
  }
  auto copied = co_await copy_file(file, range);
  if (!copied || !chunked_) co_return copied;
  co_return co_await write_raw("\r\n");
}

asio::awaitable<Result<void>> Connection::copy_file(int file, ByteRange range) {
  if (tls_) co_return co_await copy_through_memory(file, range);
  const Clock::time_point begun = about_now();
  for (const std::uint64_t first = range.begin; range.size() > 0;) {
    ErrorCode failure;
    const auto step = std::min(range.size(), k_file_step);
    const std::uint64_t done = send_file(socket_.native_handle(), file, range.begin, step, failure);
    range.begin += done;
    if (done == 0 && !failure) co_return fail(Code::io, "the file is shorter than it was");
    if (is_no_such_way(failure)) co_return co_await copy_through_memory(file, range);
    if (failure && !is_of_client(failure)) co_return fail(Code::io, "reading the file: " + failure.message());
    if (failure == asio::error::would_block) failure = {};
    if (!failure && range.size() > 0) {
      expect_progress(begun, range.begin - first);
      std::tie(failure) = co_await socket_.async_wait(StreamSocket::wait_write, k_tuple);
    }
    if (failure) {
      gone_ = true;
      co_return fail(Code::network, k_left);
    }
  }
  if (handling_) deadline_ = Clock::time_point::max();
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Connection::copy_through_memory(int file, ByteRange range) {
  for (Bytes buffer; range.size() > 0; range.begin += buffer.size()) {
    buffer.resize(std::min(range.size(), k_memory_step));
    if (auto read = read_at(file, range.begin, buffer); !read) co_return read;
    auto written = co_await write_raw(std::string(), text_of(buffer));
    if (!written) co_return written;
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Connection::end() {
  if (overrun_) return failed(k_too_long);
  if (due_ && *due_ > 0 && !no_body_) return failed("the answer has fewer bytes than were announced");
  ended_ = true;
  if (!chunked_ || no_body_) return nothing();
  return write_raw("0\r\n\r\n");
}

}  // namespace eai::http
