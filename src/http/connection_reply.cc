// The way back to the client: whole answers, chunked ones, and those whose length was announced.
#include <array>
#include <charconv>

#include "http/connection.h"
#include "http/write_now.h"

namespace eai::http {

namespace {

constexpr const char* k_too_long = "the answer has more bytes than were announced";

void append_chunk(std::string& to, std::string_view bytes) {
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  to.reserve(to.size() + bytes.size() + size.size());
  to.append(size.data(), end).append("\r\n").append(bytes).append("\r\n");
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

// In steps, so that the clock runs from the last byte that the client took, not from the start.
asio::awaitable<Result<void>> Connection::write_rest(std::string head, std::string_view body, std::size_t done,
                                                     ErrorCode failure) {
  const Parts parts = {asio::buffer(head), asio::buffer(body)};
  const std::size_t total = asio::buffer_size(parts);
  while (!failure && done < total) {
    expect_within(shared_->limits.write);
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
    co_return fail(Code::network, "the client has disconnected");
  }
  if (handling_) deadline_ = Clock::time_point::max();
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Connection::send(const Reply& reply) {
  begun_ = ended_ = true;
  if (retired_ || shared_->stopping) keep_alive_ = false;
  std::string head = head_of(reply.status, reply.headers, reply.body.size());
  if (reply.status != 204) head.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
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

asio::awaitable<Result<void>> Connection::write(std::string_view bytes) {
  if (due_) {
    overrun_ = overrun_ || bytes.size() > *due_;
    if (overrun_) return failed(k_too_long);
    *due_ -= bytes.size();
  }
  if (bytes.empty() || no_body_) return nothing();
  if (!chunked_) return write_raw({}, bytes);
  std::string chunk;
  append_chunk(chunk, bytes);
  return write_raw(std::move(chunk));
}

asio::awaitable<Result<void>> Connection::end() {
  if (overrun_) return failed(k_too_long);
  if (due_ && *due_ > 0 && !no_body_) return failed("the answer has fewer bytes than were announced");
  ended_ = true;
  if (!chunked_ || no_body_) return nothing();
  return write_raw("0\r\n\r\n");
}

}  // namespace eai::http
