// Why: serves HTTP on the Unix socket, and holds the queue in front of the studio.
// Thread: one thread runs the io_context and owns everything here; the studio's events are posted to it.
// What holds: if a client has disconnected, its job leaves the queue at once, or stops after the current step. A client
// gets the events of its own job and nothing else; then its connection is closed.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "studio.h"

namespace eai::image_engine {

struct Desk;

class Server {
 public:
  Server(boost::asio::io_context& context, const Options& options, Studio& studio);
  ~Server();
  Result<void> listen();  // Code::io
  void set_ready();       // from now on jobs are taken

 private:
  std::shared_ptr<Desk> desk_;
};

}  // namespace eai::image_engine
