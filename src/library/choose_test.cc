#include "library/choose.h"

#include <gtest/gtest.h>

#include "library/bring.h"
#include "library/library_testing.h"

namespace eai::library {
namespace {

struct Choose : LibraryTest {
  Engines engines{.llama_server = "/usr/bin/true", .image_engine = {}};
  // "tiny" is in the store.
  Library with_tiny() {
    ship_model();
    Library library = open();
    Feed feed;
    EXPECT_TRUE(bring(library, {model.id, "tiny"}, offline(), feed, {}));
    return library;
  }
};

TEST_F(Choose, NamesAndHashesBecomeModelsEachOnce) {
  const Library library = with_tiny();
  const auto asked = resolve_all(library, {"tiny", "eai-demo"}, {model.id.str()});
  ASSERT_TRUE(asked) << asked.error().message;
  ASSERT_EQ(asked->size(), 2U);
  EXPECT_EQ(asked->at(0).id, model.id);
  EXPECT_EQ(asked->at(1).label, "eai-demo");
  const auto unknown = resolve(library, "tinny");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().hint, Hint::list_names);
  EXPECT_EQ(unknown.error().message, "no model is called \"tinny\"; did you mean tiny?");
  EXPECT_EQ(resolve(library, "bafkrei0").error().code, Code::not_found);
  EXPECT_EQ(stored_models(library, *asked).error().message, "eai-demo is not here");
}

TEST_F(Choose, ABeginningIsEnoughIfOnlyOneModelHasIt) {
  const Library library = with_tiny();
  const auto of = [&](const std::string& word, Typed much) {
    const auto asked = resolve(library, word, much);
    return asked ? asked->label : std::string(name_of(asked.error().code));
  };
  EXPECT_EQ(of("tin", Typed::here), "tiny");
  EXPECT_EQ(of("TIN", Typed::begun), "tiny");
  EXPECT_EQ(of("tin", Typed::whole), "not_found") << "a file names models in full";
  EXPECT_EQ(of(model.id.str().substr(0, 12), Typed::here), "tiny");
  EXPECT_EQ(of(model.id.str().substr(0, 55), Typed::here), "tiny");
  EXPECT_EQ(of("gemma-3n", Typed::begun), "gemma-3n-e4b");
  EXPECT_EQ(of("gemma-3n", Typed::here), "not_found") << "it is not on this disk";
  EXPECT_EQ(of("", Typed::here), "not_found");
  EXPECT_EQ(of("qwen3-1.7b", Typed::here), "qwen3-1.7b") << "a whole name needs no file";
  const auto several = resolve(library, "gemma-3", Typed::begun);
  ASSERT_FALSE(several);
  EXPECT_NE(several.error().message.find("did you mean gemma-3-4b"), std::string::npos) << several.error().message;
}

TEST_F(Choose, AHashIsTakenAsItIsPasted) {
  const Library library = with_tiny();
  const std::string cid = model.id.str();
  for (const std::string& text : std::vector<std::string>{"ipfs://" + cid, "/ipfs/" + cid + "/", "\"" + cid + "\"\n",
                                                          "https://dweb.link/ipfs/" + cid + "?x", " tiny\n"}) {
    const auto asked = resolve(library, text);
    ASSERT_TRUE(asked) << text << ": " << asked.error().message;
    EXPECT_EQ(asked->id, model.id);
    EXPECT_EQ(asked->label, "tiny") << text;
    EXPECT_FALSE(names_file(text)) << text;
  }
  EXPECT_EQ(resolve_all(library, {}, {"<ipfs://" + cid + ">"})->front().id, model.id);
  const auto inside = resolve(library, "ipfs://" + cid + "/model.gguf");
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().code, Code::invalid);
  EXPECT_NE(inside.error().message.find("inside " + cid), std::string::npos) << inside.error().message;
  EXPECT_TRUE(names_file("models/x.gguf"));
  EXPECT_EQ(parse_lora("ipfs://" + cid)->name, cid);
  EXPECT_EQ(parse_lora("ipfs://" + cid + ":0.5")->name, cid);
  EXPECT_EQ(parse_lora("ipfs://" + cid + ":0.5")->scale, 0.5);
}

TEST_F(Choose, EnginesAreAskedForBeforeAByteIsFetched) {
  const Library library = open();
  const Asked chat{library.catalog.by_name("eai-demo")->id, "eai-demo"};
  EXPECT_TRUE(check_engines(library, engines, {chat}));
  const Asked painter{library.catalog.by_name("flux-dev")->id, "flux-dev"};
  const auto missing = check_engines(library, engines, {chat, painter});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().hint, Hint::image_engine);
  const Asked unknown{ipld::Cid::raw_of(view_of("lost")), "lost"};
  EXPECT_TRUE(check_engines(library, {}, {unknown})) << "only its metadata will tell";
}

TEST_F(Choose, WhatNoEngineServesIsLeftOutAndNamed) {
  std::vector<Note> notes;
  EXPECT_EQ(servable_models(open(), engines, notes).error().code, Code::not_found);
  const Library library = with_tiny();
  const auto models = servable_models(library, engines, notes);
  ASSERT_TRUE(models);
  EXPECT_EQ(models->size(), 1U);
  EXPECT_TRUE(notes.empty());
  const auto none = servable_models(library, {}, notes);
  EXPECT_EQ(none.error().code, Code::unsupported);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "tiny is left out: the engine llama-server is missing");
  EXPECT_EQ(notes[0].hint, Hint::llama_engine);
}

TEST_F(Choose, TheMainModelComesFirst) {
  const Library library = with_tiny();
  std::vector<store::Model> models{*library.stored(model.id), *library.stored(model.id)};
  models[0].id = ipld::Cid::raw_of(view_of("another"));
  EXPECT_TRUE(put_first(library, "tiny", models));
  EXPECT_EQ(models[0].id, model.id);
  EXPECT_EQ(models.size(), 2U);
  EXPECT_TRUE(put_first(library, "", models)) << "any of them";
  EXPECT_EQ(put_first(library, "eai-demo", models).error().code, Code::not_found);
}

TEST_F(Choose, WithoutAnImageModelTheCatalogIsNamed) {
  const Library library = with_tiny();
  const auto none = drawing_model(library, "", model::Task::image_generation);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::not_found);
  EXPECT_NE(none.error().message.find("flux-dev"), std::string::npos);
  EXPECT_EQ(drawing_model(library, "tiny", model::Task::image_generation)->id, model.id) << "the caller sees its task";
}

}  // namespace
}  // namespace eai::library
