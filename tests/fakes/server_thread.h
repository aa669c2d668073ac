// Why: tests of what a server does need one on a thread of its own, which ends in good order with the test.
// Thread: the test's; the server and its handlers run on another one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "http/server.h"

namespace eai::test {

class ServerThread {
 public:
  ~ServerThread() { stop(); }

  boost::asio::io_context& context() { return context_; }
  http::Server& server() { return *server_; }
  // On 127.0.0.1. Returns the port. `more`: what else is to be listened on, before the thread begins.
  std::uint16_t start(http::Limits limits, http::Handlers handlers, const http::TlsFiles* tls = nullptr,
                      const std::function<void(http::Server&)>& more = {}) {
    server_.emplace(context_, limits, std::move(handlers));
    const auto port = server_->listen_tcp("127.0.0.1", 0, tls);
    EXPECT_TRUE(port);
    if (more) more(*server_);
    thread_ = std::thread([this] { context_.run(); });
    return port.value_or(0);
  }
  // Whatever the handlers refer to must live until then.
  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(context_, [this] {
      server_.reset();
      work_.reset();
    });
    thread_.join();
  }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<http::Server> server_;
  std::thread thread_;
};

}  // namespace eai::test
