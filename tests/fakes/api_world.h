// Why: the tests of `api` need the API over the real pool, with fake engines that misbehave on demand and a client that
// shows every byte.
// Thread: the test's own; the server runs on another, which start() begins and TearDown() ends.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/api.h"
#include "engine/gguf_testing.h"
#include "fakes/raw_client.h"

namespace eai::api {

namespace asio = boost::asio;
namespace json = boost::json;
using model::Task;
using test::RawClient;
inline constexpr auto k_patience = std::chrono::seconds(10);

// A chat request that makes the fake engine do this.
inline std::string saying(std::string_view what, std::string_view stream = "null") {
  return R"({"messages":[{"role":"user","content":"say )" + std::string(what) + R"("}],"max_tokens":9,"stream":)" +
         std::string(stream) + "}";
}

class ApiWorld : public ::testing::Test {
 protected:
  // Models: "hash-c" (chat, behaves as `chat` says), "hash-e" (embed).
  void start(ApiOptions options = {}, const std::string& chat = "good") {
    serve(std::move(options), {spec("hash-c", chat, Task::chat), spec("hash-e", "good", Task::embed)});
  }
  void serve(ApiOptions options, const std::vector<engine::ModelSpec>& specs) {
    engine::PoolOptions pool;
    pool.run_folder = folder_.path() / "run";
    pool.log_folder = folder_.path() / "logs";
    pool.measured_file = folder_.path() / "measured.json";
    pool.programs["llama-server"] = fs::path(EAI_SOURCE_DIR) / "tests/fakes/fake_engine.py";
    pool.programs["eai-image-engine"] = fs::path(EAI_SOURCE_DIR) / "tests/fakes/fake_image_engine.py";
    pool.stop_grace = std::chrono::seconds(0);
    pool_.emplace(context_, pool, specs);
    std::vector<ServedModel> served;
    for (const auto& model : specs) {
      ServedModel one;
      one.id = model.id;
      one.folder_name = model.folder_name;
      one.task = model.task;
      one.has_projector = sees_ && model.task == Task::chat;
      served.push_back(std::move(one));
    }
    api_.emplace(context_, *pool_, std::move(served), std::move(options));
    server_.emplace(context_, limits_, api_->handlers());
    const auto bound = server_->listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error().message;
    port_ = *bound;
    thread_ = std::thread([this] {
      while (context_.run_one() > 0) {
        {
          std::lock_guard hold(steps_mutex_);
          ++steps_;
        }
        stepped_.notify_all();
      }
    });
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    std::promise<void> stopped;
    asio::post(context_, [&] {
      server_.reset();
      asio::co_spawn(context_, pool_->stop(), [&](std::exception_ptr) { stopped.set_value(); });
    });
    EXPECT_EQ(stopped.get_future().wait_for(k_patience), std::future_status::ready);
    asio::post(context_, [this] { context_.stop(); });
    thread_.join();
  }

  engine::ModelSpec spec(std::string id, const std::string& behaviour, Task task) {
    engine::ModelSpec out;
    out.id = std::move(id);
    out.folder_name = behaviour + "-folder";
    out.task = task;
    out.gguf = folder_.path() / (behaviour + ".gguf");
    engine::write_shape({.blocks = 1, .width = 32, .feed = 32, .heads = 1, .kv_heads = 1, .head = 32, .vocabulary = 16},
                        out.gguf);
    return out;
  }
  int leases() {
    std::promise<int> seen;
    asio::post(context_, [&] {
      int all = 0;
      for (const auto& model : pool_->status()) all += model.leases + model.queued;
      seen.set_value(all);
    });
    return seen.get_future().get();
  }
  void reload(ApiOptions options, const std::vector<std::string>& served) {
    std::promise<void> done;
    asio::post(context_, [&] {
      std::vector<ServedModel> models(served.size());
      for (std::size_t i = 0; i < served.size(); ++i) models[i].id = models[i].folder_name = served[i];
      api_->reload(std::move(options), std::move(models));
      done.set_value();
    });
    done.get_future().get();
  }
  // Whether it becomes so. Looks again after each step of the server, and now and then for what happens outside of it.
  bool soon(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + k_patience;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::unique_lock hold(steps_mutex_);
      const auto seen = steps_;
      stepped_.wait_for(hold, std::chrono::milliseconds(5), [&] { return steps_ != seen; });
    }
    return true;
  }

  std::string ask(std::string_view path, std::string_view body, std::string_view headers = "") {
    RawClient client(port_);
    client.post(path, body, headers);
    return client.answer();
  }
  std::string stream(std::string_view path, std::string_view say) {
    RawClient client(port_);
    client.post(path, saying(say, "true"));
    return client.until("0\r\n\r\n");
  }
  static int status_of(const std::string& answer) { return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0; }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
  static json::object error_of(const std::string& answer) {
    return json::parse(body_of(answer)).as_object().at("error").as_object();
  }

  TemporaryFolder folder_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<engine::Pool> pool_;
  std::optional<Api> api_;
  std::optional<http::Server> server_;
  http::Limits limits_;
  bool sees_ = false;  // whether the chat model takes pictures
  std::uint16_t port_ = 0;
  std::mutex steps_mutex_;
  std::condition_variable stepped_;
  std::uint64_t steps_ = 0;  // that the server's thread has made
  std::thread thread_;
};

inline constexpr std::string_view k_chat = R"({"model":"hash-c","messages":[{"role":"user","content":"hi"}]})";

}  // namespace eai::api
