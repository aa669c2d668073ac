#include "store/file_names.h"

#include <gtest/gtest.h>

namespace eai::store {
namespace {

using model::Task;

TEST(FileNames, AModelsFilesHaveTheirNamesFromItsTask) {
  for (const Task text : {Task::chat, Task::embed}) {
    EXPECT_EQ(stored_name("qwen", text, "qwen"), "model.gguf");
    EXPECT_EQ(stored_name("qwen", text, "qwen-projector"), "projector.gguf");
    EXPECT_EQ(stored_name("qwen", text, "qwen.gguf"), "payload/qwen.gguf");
    EXPECT_EQ(stored_name("qwen", text, "model.gguf"), "payload/model.gguf") << "only the folder's name counts";
  }
  for (const Task image : {Task::image_generation, Task::image_edit}) {
    EXPECT_EQ(stored_name("flux", image, "flux"), "payload/flux");
    EXPECT_EQ(stored_name("flux", image, "vae/a.safetensors"), "payload/vae/a.safetensors");
  }
}

TEST(FileNames, GgufsAreToldByName) {
  EXPECT_TRUE(is_gguf_name("model.gguf"));
  EXPECT_TRUE(is_gguf_name("projector.gguf"));
  for (const char* other : {"payload/model.gguf", "model.gguf.part", "manifest.json", ""}) {
    EXPECT_FALSE(is_gguf_name(other)) << other;
  }
}

TEST(FileNames, NamesStayInTheFolder) {
  EXPECT_TRUE(is_allowed_name("payload/text_encoder/model.safetensors"));
  for (const char* bad :
       {"", "model", "metadata.json", "manifest.json", "/etc/passwd", "payload", "payload/", "payload//a",
        "payload/../a", "payload/./a", "payload/a\n", "payload/a\\b", "commit/model.gguf"}) {
    EXPECT_FALSE(is_allowed_name(bad)) << bad;
  }
  EXPECT_FALSE(is_allowed_name("payload/" + std::string(256, 'a')));
}

}  // namespace
}  // namespace eai::store
