#include "preserve/understand.h"

#include <gtest/gtest.h>

namespace eai::preserve {
namespace {

HeldGguf gguf(std::string name, const std::string& architecture = "llama", const std::string& type = "") {
  HeldGguf out{std::move(name), {}};
  out.info.architecture = architecture;
  out.info.type = type;
  out.info.is_projector = architecture == "clip";
  out.info.tensors = {{out.name + ".weight", 0, {8}, {0, 32}}};
  return out;
}

HeldGguf piece(const std::string& name, std::uint64_t number, std::uint64_t count, std::uint64_t tensors) {
  HeldGguf out = gguf(name, number == 0 ? "llama" : "");
  out.info.split_count = count;
  out.info.split_number = number;
  out.info.split_tensors = tensors;
  return out;
}

std::string refused(const std::vector<HeldGguf>& ggufs, Named named = Named::folder) {
  const auto understood = understand("/models/nice", ggufs, named);
  if (!understood) return understood.error().message;
  ADD_FAILURE() << "was understood: " << describe(*understood, ggufs, model::Task::chat);
  return "";
}

void expect_in(const std::string& said, std::initializer_list<const char*> words) {
  for (const char* word : words) EXPECT_NE(said.find(word), std::string::npos) << said << "\nlacks " << word;
}

TEST(Understand, HeadersAndNotNamesSayWhatIsWhat) {
  const std::vector<HeldGguf> ggufs = {gguf("mmproj.gguf"), gguf("lora.gguf", "llama", "adapter"),
                                       gguf("matrix.gguf", "", "imatrix"), gguf("model.gguf", "clip")};
  const auto understood = understand("/models/nice", ggufs).value();
  EXPECT_EQ(understood.model, std::vector<std::size_t>{0});
  EXPECT_EQ(understood.projector, 3U);
  EXPECT_EQ(understood.others, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(describe(understood, ggufs, model::Task::chat),
            "a chat model (llama), mmproj.gguf, with the projector model.gguf");
}

TEST(Understand, PiecesAreOrderedByTheirHeaders) {
  const auto understood =
      understand("/models/nice", {piece("x", 2, 3, 3), piece("a-00002-of-00003.gguf", 1, 3, 3), piece("z", 0, 3, 3)});
  ASSERT_TRUE(understood) << understood.error().message;
  EXPECT_EQ(understood->model, (std::vector<std::size_t>{2, 1, 0}));
}

TEST(Understand, WhatIsNotOneModelIsRefusedWithWhatToType) {
  expect_in(refused({gguf("a.gguf"), gguf("it's b.gguf")}),
            {"2 models", "a.gguf (llama)", "mkdir '/models/it'\\''s b' && mv '/models/nice/it'\\''s b.gguf'"});
  expect_in(refused({gguf("a.gguf"), gguf("b", "clip"), gguf("c", "clip")}),
            {"2 projectors: b and c", "mv /models/nice/c"});
  expect_in(refused({gguf("a.gguf"), gguf("nice.gguf")}), {"mkdir /models/a && mv /models/nice/a.gguf /models/a/"});
  expect_in(refused({gguf("b", "clip")}), {"b is a projector, not a model", "mv <model>.gguf /models/nice/"});
  expect_in(refused({gguf("l", "llama", "adapter")}), {"l is an adapter"});
  expect_in(refused({gguf("m", "", "imatrix")}), {"m is not a model"});
}

TEST(Understand, FilesThatWereNamedAreNotToBeMoved) {
  const auto refused_files = [](const std::vector<HeldGguf>& ggufs) {
    std::string said = refused(ggufs, Named::files);
    EXPECT_EQ(said.find("mv "), std::string::npos) << said;
    EXPECT_EQ(said.find("the folder"), std::string::npos) << said;
    return said;
  };
  expect_in(refused_files({gguf("a.gguf"), gguf("b.gguf")}), {"a.gguf (llama) and b.gguf (llama) are 2 models"});
  expect_in(refused_files({gguf("a.gguf"), gguf("b", "clip"), gguf("c", "clip")}), {"b and c are 2 projectors"});
  expect_in(refused_files({gguf("b", "clip")}), {"b is a projector, not a model"});
  expect_in(refused_files({gguf("m", "", "imatrix")}), {"m is not a model"});
}

TEST(Understand, PiecesThatAreNotOneModelAreRefused) {
  expect_in(refused({piece("a-00001-of-00003.gguf", 0, 3, 3), piece("a-00003-of-00003.gguf", 2, 3, 3)}),
            {"lacks 1 of its 3 pieces: a-00002-of-00003.gguf"});
  expect_in(refused({piece("a-00001-of-00002.gguf", 0, 2, 2), piece("b-00002-of-00002.gguf", 1, 2, 2)}),
            {"files of 2 models"});
  expect_in(refused({piece("x", 0, 2, 2), piece("y", 1, 2, 2), piece("z", 1, 2, 2)}),
            {"y and z are both the piece 2 of 2"});
  expect_in(refused({piece("x", 0, 2, 9), piece("y", 1, 2, 9)}), {"hold 2 tensors and should hold 9"});
  auto again = piece("y", 1, 2, 2);
  again.info.tensors.front().name = "x.weight";
  expect_in(refused({piece("x", 0, 2, 2), again}), {"x.weight is there twice"});
}

}  // namespace
}  // namespace eai::preserve
