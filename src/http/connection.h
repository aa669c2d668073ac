// Why: one client of the server: reads requests, runs the handler, writes answers, and notices when the client
// disconnects.
// Thread: the io_context's. Included by .cc files of this room only.
// What holds: one read is always outstanding, except in the first k_watch_after of a handler's work, which is mostly
// over by then. That is how a disconnect is noticed. Bytes that arrive early belong to the next request, and a client
// that sends more than k_early_limit of them is cut off. The owner may close the connection once deadline() has passed;
// it moves with what happens.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "http/deadlines.h"
#include "http/server.h"
#include "http/waits.h"
#include "http/wire_parser.h"

namespace eai::http {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using StreamSocket = asio::generic::stream_protocol::socket;
inline constexpr auto k_tuple = asio::as_tuple(asio::deferred);

// What all connections of a server share.
struct ServerShared {
  explicit ServerShared(asio::io_context& context) : watches(std::make_shared<Deadlines>(context)), turns(context) {}
  Limits limits;
  Handlers handlers;
  bool stopping = false;
  std::size_t running = 0;
  std::uint64_t bodies = 0;  // bytes held of bodies that did not come with their heads
  std::shared_ptr<Deadlines> watches;
  Turns turns;
};

// The addresses of a connection; both are empty for a Unix socket. See Incoming.
struct Ends {
  std::string peer, local;
};

class Connection final : public Outgoing, public std::enable_shared_from_this<Connection> {
 public:
  Connection(StreamSocket socket, std::shared_ptr<asio::ssl::context> tls, std::shared_ptr<ServerShared> shared,
             Ends ends);
  ~Connection() override;

  // The whole life. Bind cancellation() to its co_spawn.
  asio::awaitable<void> run();
  asio::cancellation_slot cancellation() { return stop_.slot(); }

  bool handling() const { return handling_; }
  Clock::time_point deadline() const { return deadline_; }
  Clock::time_point quiet_since() const { return quiet_since_; }
  void close();   // at once; the handler is cancelled
  void retire();  // after the running answer

  asio::awaitable<Result<void>> send(const Reply& reply) override;
  asio::awaitable<Result<void>> begin(int status, const HeaderList& headers, std::string_view first) override;
  asio::awaitable<Result<void>> begin_sized(int status, const HeaderList& headers, std::uint64_t length,
                                            std::string_view first) override;
  asio::awaitable<Result<void>> write(std::string_view bytes) override;
  asio::awaitable<Result<void>> write_file(std::string_view before, int file, ByteRange range) override;
  asio::awaitable<Result<void>> end() override;
  bool begun() const override { return begun_; }

 private:
  asio::awaitable<void> serve();
  asio::awaitable<bool> read_head(WireParser<true>& parser, ErrorCode& failure);
  asio::awaitable<bool> read_body(WireParser<true>& parser, ErrorCode& failure);
  asio::awaitable<void> handle();
  void rest();
  void break_off();
  asio::awaitable<void> refuse(int status, std::string_view why);
  asio::awaitable<void> refuse(ErrorCode failure, std::uint64_t body_limit);
  asio::awaitable<void> linger();
  asio::awaitable<bool> wait_for_bytes();
  // The body must live until it resumes.
  asio::awaitable<Result<void>> write_raw(std::string head, std::string_view body = {});
  asio::awaitable<Result<void>> write_rest(std::string head, std::string_view body, std::size_t done,
                                           ErrorCode failure);
  asio::awaitable<Result<void>> write_large_chunk(std::string_view bytes);
  asio::awaitable<Result<void>> copy_file(int file, ByteRange range);
  asio::awaitable<Result<void>> copy_through_memory(int file, ByteRange range);
  bool take_from_due(std::uint64_t bytes);
  void expect_progress(Clock::time_point begun, std::uint64_t done);
  std::string head_of(int status, const HeaderList& headers, std::size_t body_size) const;
  void start_read();
  void leave();  // the client has disconnected: tells whoever waits
  void on_read(ErrorCode failure, std::size_t count);
  void expect_within(std::chrono::milliseconds time) { deadline_ = about_now() + time; }

  StreamSocket socket_;
  std::shared_ptr<asio::ssl::context> tls_context_;
  std::optional<asio::ssl::stream<StreamSocket&>> tls_;
  std::shared_ptr<ServerShared> shared_;
  asio::cancellation_signal stop_;
  Deadlines::Limit watch_;  // set while a handler works: from then on the client's disconnect is watched for
  Bell read_;               // rung when something was read, or when nothing more will come
  WireBuffer buffer_;
  Incoming incoming_;  // the request; its memory is reused for the next one
  Clock::time_point deadline_, quiet_since_;
  std::uint64_t counted_body_ = 0;
  bool reading_ = false, in_body_ = false, gone_ = false, handling_ = false, retired_ = false;
  bool begun_ = false, ended_ = false, chunked_ = false, keep_alive_ = false, http11_ = true, no_body_ = false;
  std::optional<std::uint64_t> due_;  // bytes that an answer of known length still lacks
  bool overrun_ = false;              // more than that were given
};

}  // namespace eai::http
