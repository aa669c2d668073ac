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

TEST(FileNames, PiecesKeepTheNamesByWhichLlamaFindsThem) {
  EXPECT_EQ(stored_name("qwen", Task::chat, "qwen-00002-of-00003.gguf"), "model-00002-of-00003.gguf");
  EXPECT_EQ(stored_name("qwen", Task::chat, "other-00002-of-00003.gguf"), "payload/other-00002-of-00003.gguf");
  EXPECT_EQ(stored_name("qwen", Task::image_edit, "qwen-00002-of-00003.gguf"), "payload/qwen-00002-of-00003.gguf");
  EXPECT_TRUE(is_gguf_name("model-00002-of-00003.gguf") && is_allowed_name("model-00002-of-00003.gguf"));
  EXPECT_TRUE(is_first_name("model-00001-of-00003.gguf") && is_first_name("model.gguf"));
  EXPECT_FALSE(is_first_name("model-00002-of-00003.gguf"));
  for (const char* other : {"model-00001-of-00001.gguf", "model-00004-of-00003.gguf", "models-00001-of-00003.gguf"}) {
    EXPECT_FALSE(is_allowed_name(other)) << other;
  }
}

TEST(FileNames, TreesAreNumbered) {
  EXPECT_EQ(tree_name(0), "trees/0.car");
  for (std::size_t file : {0U, 9U, 10U, 4711U}) EXPECT_TRUE(is_tree_name(tree_name(file))) << file;
  for (const char* other :
       {"", "trees/", "trees/.car", "trees/01.car", "trees/a.car", "trees/1.CAR", "x/trees/1.car"}) {
    EXPECT_FALSE(is_tree_name(other)) << other;
  }
  EXPECT_FALSE(is_allowed_name(tree_name(0))) << "no file of a model lies there";
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
