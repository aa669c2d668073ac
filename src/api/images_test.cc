// The images API over the real pool and a fake image engine that gets into trouble when the prompt says so.
#include "api/images.h"

#include <fstream>

#include "fakes/api_world.h"
#include "util/base64.h"

namespace eai::api {
namespace {

// One tensor of zeros under the name that tells what the file is.
void write_part(const fs::path& path, const std::string& tensor) {
  const std::string head = "{\"" + tensor + R"(":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})";
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(head.size() >> (8 * i) & 0xFF);
  std::ofstream(path, std::ios::binary) << bytes + head + std::string(4, '\0');
}

class ImagesTest : public ApiWorld {
 protected:
  void SetUp() override {
    const fs::path model = folder_.path() / "flux";
    fs::create_directories(model);
    write_part(model / "a.safetensors", "double_blocks.0.img_attn.proj.weight");
    write_part(model / "b.safetensors", "encoder.block.0.layer.0.SelfAttention.q.weight");
    write_part(model / "c.safetensors", "decoder.layers.0.weight");
    engine::ModelSpec spec;
    spec.id = "hash-i";
    spec.folder_name = "flux";
    spec.task = model::Task::image_generation;
    spec.gguf = model;
    ApiOptions options;
    options.first_news = std::chrono::milliseconds(20);
    serve(std::move(options), {spec});
  }

  std::string ask(const std::string& fields) {
    RawClient client(port_);
    client.post("/v1/images/generations", "{" + fields + "}");
    return client.answer();
  }
  std::string get(const std::string& path) {
    RawClient client(port_);
    client.get(path);
    return client.answer();
  }
  static json::object body_of(const std::string& answer) {
    return json::parse(answer.substr(answer.find("\r\n\r\n") + 4)).as_object();
  }
  static std::string error_of(const std::string& answer) {
    return std::string(body_of(answer).at("error").at("message").as_string());
  }
  bool engine_saw_it_leave() {
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "run"))
      if (entry.path().string().ends_with(".left")) return true;
    return false;
  }
};

TEST_F(ImagesTest, PicturesComeBackWithTheirSeeds) {
  const auto answer = ask(R"("prompt":"x","n":2,"seed":5)");
  ASSERT_EQ(status_of(answer), 200) << answer;
  EXPECT_NE(answer.find("x-eai-model: hash-i"), std::string::npos);
  const json::object body = body_of(answer);
  const json::array& data = body.at("data").as_array();
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(from_base64(std::string(data[1].at("b64_json").as_string())), "picture 6");
  EXPECT_EQ(data[1].at("seed").to_number<int>(), 6);
}

// A stream whose wait for a lease ended beside the coroutine that waited once freed its cancellation signal too early,
// and closed a descriptor of the server's own.
TEST_F(ImagesTest, StreamsAfterWholeAnswersOnOneConnection) {
  RawClient client(port_);
  for (int round = 0; round < 20; ++round) {
    client.post("/v1/images/generations", R"({"prompt":"x","seed":5})");
    ASSERT_EQ(status_of(client.answer()), 200) << round;
    client.post("/v1/images/generations", R"({"prompt":"x","seed":5,"stream":true,"partial_images":1})");
    const std::string events = client.until("0\r\n\r\n");
    ASSERT_NE(events.find("event: image_generation.partial_image\n"), std::string::npos) << events;
    ASSERT_NE(events.find("event: image_generation.completed\n"), std::string::npos) << events;
  }
}

TEST_F(ImagesTest, AStreamTellsEveryStepWhenAsked) {
  RawClient client(port_);
  client.post("/v1/images/generations", R"({"prompt":"x","steps":3,"stream":true,"progress":true})");
  const std::string events = client.until("0\r\n\r\n");
  EXPECT_NE(events.find(R"({"type":"image_generation.queued","position":1})"), std::string::npos) << events;
  EXPECT_NE(events.find(R"("image":0,"step":3,"total":3})"), std::string::npos) << events;
}

TEST_F(ImagesTest, AnEngineThatDiesAtAStepIsAnErrorAndTheNextJobWorks) {
  const auto answer = ask(R"("prompt":"crash 2")");
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_NE(error_of(answer).find("step 2 of 4"), std::string::npos) << answer;
  EXPECT_EQ(status_of(ask(R"("prompt":"x")")), 200);
  RawClient client(port_);
  client.post("/v1/images/generations", R"({"prompt":"crash 3","stream":true,"progress":true})");
  const std::string events = client.until("0\r\n\r\n");
  EXPECT_NE(events.find(R"("step":3)"), std::string::npos);
  EXPECT_NE(events.find("step 3 of 4"), std::string::npos) << events;
  EXPECT_EQ(events.find("completed"), std::string::npos);
  EXPECT_EQ(status_of(ask(R"("prompt":"x")")), 200);
}

TEST_F(ImagesTest, AnEngineThatDiesBeforeItsAnswerIsFollowedByAFreshOne) {
  const auto answer = ask(R"("prompt":"killed","seed":3)");
  ASSERT_EQ(status_of(answer), 200) << answer;
  EXPECT_EQ(from_base64(std::string(body_of(answer).at("data").at(0).at("b64_json").as_string())), "picture 3");
}

TEST_F(ImagesTest, WhatTheEngineSaysGoesOn) {
  EXPECT_NE(error_of(ask(R"("prompt":"fail")")).find("the canvas is torn"), std::string::npos);
  const auto refused = ask(R"("prompt":"refuse")");
  EXPECT_EQ(status_of(refused), 400);
  EXPECT_EQ(body_of(refused).at("error").at("param").as_string(), "size");
  EXPECT_EQ(status_of(ask(R"("prompt":"garbage")")), 500);
}

TEST_F(ImagesTest, AClientThatLeavesEndsItsJob) {
  for (const char* stream : {"false", "true"}) {
    RawClient client(port_);
    client.post("/v1/images/generations", R"({"prompt":"hang 2","id":"job","stream":)" + std::string(stream) + "}");
    ASSERT_TRUE(soon([&] { return get("/v1/images/progress/job").find(R"("step":2)") != std::string::npos; }));
    EXPECT_NE(get("/v1/images/progress/job").find(R"("status":"drawing")"), std::string::npos);
    EXPECT_EQ(status_of(ask(R"("prompt":"x","id":"job")")), 400) << "the id is taken";
    client.leave();
    EXPECT_TRUE(soon([&] { return engine_saw_it_leave(); }));
    EXPECT_TRUE(soon([&] { return get("/v1/images/progress/job").find("cancelled") != std::string::npos; }));
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "run"))
      if (entry.path().string().ends_with(".left")) fs::remove(entry.path());
  }
}

TEST_F(ImagesTest, ProgressAndFilesByAddress) {
  EXPECT_EQ(status_of(get("/v1/images/progress/nobody")), 404);
  EXPECT_EQ(status_of(get("/v1/images/files/nothing.png")), 404);
  const json::object body = body_of(ask(R"("prompt":"x","seed":9,"id":"one","response_format":"url")"));
  const std::string url(body.at("data").as_array().at(0).at("url").as_string());
  ASSERT_NE(url.find("http://localhost/v1/images/files/"), std::string::npos) << url;
  const auto file = get(url.substr(url.find("/v1/")));
  EXPECT_NE(file.find("content-type: image/png"), std::string::npos) << file;
  EXPECT_TRUE(file.ends_with("\r\n\r\npicture 9"));
  const json::object progress = body_of(get("/v1/images/progress/one"));
  EXPECT_EQ(progress.at("status").as_string(), "done");
  EXPECT_EQ(progress.at("seed").to_number<int>(), 9);
}

}  // namespace
}  // namespace eai::api
