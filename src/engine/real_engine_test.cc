// The pool with the real llama-server and the demo model that is shipped with the program.
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/pool.h"
#include "http/unix_client.h"
#include "model/unpack.h"

namespace eai::engine {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

class FileSink : public model::UnpackSink {
 public:
  explicit FileSink(fs::path folder) : folder_(std::move(folder)) {}
  Result<void> begin_file(const std::string& name, std::uint64_t) override {
    EAI_TRY(file_, open_file(folder_ / name, O_WRONLY | O_CREAT | O_TRUNC));
    return {};
  }
  Result<void> data(ByteView bytes) override { return write_all(file_.get(), bytes); }
  Result<void> end_file() override { return {}; }
  Result<void> resume_file(const std::string&, std::uint64_t, std::uint64_t) override { return {}; }

 private:
  fs::path folder_;
  UniqueFd file_;
};

// The preserved container among the demo blocks that is this model, unpacked.
void unpack_demo(const std::string& cid, const fs::path& into) {
  const fs::path blocks = fs::path(EAI_SOURCE_DIR) / "demo/blocks";
  const auto json = read_file(blocks / cid, model::k_metadata_limit);
  ASSERT_TRUE(json) << json.error().message;
  const auto metadata = model::parse_metadata(*json);
  ASSERT_TRUE(metadata) << metadata.error().message;
  FileSink sink(into);
  model::Unpacker unpacker({metadata->folder_name, metadata->task, 100 * k_mib}, sink);
  for (const auto& part : metadata->files) {
    const auto bytes = read_file(blocks / part.cid.str(), 10 * k_mib);
    ASSERT_TRUE(bytes) << bytes.error().message;
    const auto fed = unpacker.feed(*bytes);
    ASSERT_TRUE(fed) << fed.error().message;
  }
  ASSERT_TRUE(unpacker.finish());
}

struct RealEngine : ::testing::Test {
  void SetUp() override {
    unpack_demo("bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4", folder.path());
    unpack_demo("bafkreiedjz4uloxocmpnqi22bd5gcc3eu5byushhobz4jnnthjg2lsu4a4", folder.path());
  }
  PoolOptions options() {
    PoolOptions result;
    result.run_folder = folder.path() / "run";
    result.log_folder = folder.path() / "logs";
    result.measured_file = folder.path() / "measured.json";
    result.programs["llama-server"] = fs::path(EAI_BUILD_DIR) / "libexec/eai/llama-server";
    return result;
  }
  ModelSpec chat() {
    ModelSpec spec;
    spec.id = spec.folder_name = "eai-demo";
    spec.gguf = folder.path() / "eai-demo";
    spec.projector = folder.path() / "eai-demo-projector";
    return spec;
  }
  ModelSpec embed() {
    ModelSpec spec;
    spec.id = spec.folder_name = "eai-demo-embed";
    spec.task = model::Task::embed;
    spec.gguf = folder.path() / "eai-demo-embed";
    return spec;
  }
  template <typename F>
  void run(F&& coroutine) {
    bool done = false;
    std::exception_ptr thrown;
    asio::co_spawn(context, std::forward<F>(coroutine), [&](std::exception_ptr error) {
      thrown = error;
      done = true;
    });
    asio::steady_timer watchdog(context, seconds(60));
    watchdog.async_wait([&](boost::system::error_code error) {
      if (!error) context.stop();
    });
    while (!done && !context.stopped()) context.run_one();
    ASSERT_TRUE(done) << "it hangs";
    if (thrown) std::rethrow_exception(thrown);
  }
  // POST on a fresh lease; the answer's JSON.
  asio::awaitable<boost::json::object> post(Pool& pool, std::string model, std::string target, std::string body) {
    LeaseRequest request{std::move(model), std::chrono::steady_clock::now() + seconds(30), {}};
    auto lease = co_await pool.lease(std::move(request));
    EXPECT_TRUE(lease) << lease.error().message;
    http::Ask ask;
    ask.method = "POST";
    ask.target = target;
    ask.content_type = "application/json";
    ask.body = body;
    const auto reply = co_await client.fetch(lease->socket(), std::move(ask));
    EXPECT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200) << reply->body;
    co_return boost::json::parse(reply->body).as_object();
  }

  TemporaryFolder folder;
  asio::io_context context;
  http::UnixClient client{context};
};

constexpr const char* k_question =
    R"({"messages":[{"role":"user","content":"What is the capital of France?"}],"temperature":0,"max_tokens":40})";

TEST_F(RealEngine, AnswersEmbedsAndStops) {
  Pool pool(context, options(), {chat(), embed()});
  run([&]() -> asio::awaitable<void> {
    const auto answer = co_await post(pool, "eai-demo", "/v1/chat/completions", k_question);
    EXPECT_NE(boost::json::serialize(answer.at("choices")).find("Paris"), std::string::npos);
    EXPECT_EQ(answer.at("model").as_string(), "eai-demo");
    std::string text;
    for (int i = 0; i < 150; ++i) text += "a model ";
    const auto vectors =
        co_await post(pool, "eai-demo-embed", "/v1/embeddings", R"({"input":["cat",")" + text + R"("]})");
    EXPECT_EQ(vectors.at("data").as_array().size(), 2u);
  });
  const auto status = pool.status();
  for (const ModelStatus& model : status) {
    EXPECT_EQ(model.state, State::ready);
    EXPECT_GT(model.memory_peak, 0u);
    // The prompt cache is a bound, and buffers and context become resident only as far as a request was long.
    const auto estimate = static_cast<double>(model.memory_estimated - model.memory.prompt_cache);
    EXPECT_LT(static_cast<double>(model.memory_peak), estimate * 1.1) << model.spec.folder_name;
    EXPECT_GT(static_cast<double>(model.memory_peak), estimate * 0.2) << model.spec.folder_name;
  }
  EXPECT_TRUE(status[0].sees);
  run([&]() -> asio::awaitable<void> { co_await pool.stop(); });
  for (const ModelStatus& model : pool.status()) EXPECT_EQ(model.pid, 0);
  EXPECT_TRUE(fs::is_empty(folder.path() / "run"));
}

TEST_F(RealEngine, BrokenWeightsTellWhy) {
  fs::resize_file(folder.path() / "eai-demo", 2'000'000);
  Pool pool(context, options(), {chat()});
  run([&]() -> asio::awaitable<void> {
    LeaseRequest request{"eai-demo", std::chrono::steady_clock::now() + seconds(30), {}};
    const auto lease = co_await pool.lease(std::move(request));
    EXPECT_EQ(lease ? Code::busy : lease.error().code, Code::invalid);
  });
}

// Time from giving one model back to having the other, beyond what its engine takes to start by itself.
TEST_F(RealEngine, AConversationSurvivesAnUnload) {
  PoolOptions with = options();
  with.slot_folder = folder.path() / "slots";
  ModelSpec spec = chat();
  spec.projector.reset();  // with one the engine cannot save
  Pool pool(context, with, {spec});
  run([&]() -> asio::awaitable<void> {
    const auto first = co_await post(pool, "eai-demo", "/v1/chat/completions", k_question);
    EXPECT_EQ(first.at("timings").at("cache_n").as_int64(), 0);
    pool.unload("eai-demo");
    const auto second = co_await post(pool, "eai-demo", "/v1/chat/completions", k_question);
    EXPECT_GT(second.at("timings").at("cache_n").as_int64(), 10) << boost::json::serialize(second.at("timings"));
  });
  EXPECT_EQ(pool.status()[0].starts, 2u);
}

TEST_F(RealEngine, SwitchesBackAndForth) {
  PoolOptions with = options();
  with.max_resident = 1;
  Pool pool(context, with, {chat(), embed()});
  run([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      co_await post(pool, "eai-demo", "/v1/chat/completions", k_question);
      co_await post(pool, "eai-demo-embed", "/v1/embeddings", R"({"input":"cat"})");
    }
  });
  EXPECT_EQ(pool.status()[0].starts, 3u);
  EXPECT_EQ(pool.status()[1].starts, 3u);
}

}  // namespace
}  // namespace eai::engine
