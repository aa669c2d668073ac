#include "model/metadata.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "util/text.h"

namespace eai::model {
namespace {

namespace json = boost::json;

std::string cid_of(std::string_view text) { return ipld::Cid::raw_of(view_of(text)).str(); }
std::string sha_of(std::string_view text) { return to_hex(ipld::sha256(view_of(text))); }

json::object part(std::string_view suffix, double mib) {
  return {{"cid", cid_of(suffix)},
          {"file_hash", sha_of(suffix)},
          {"size_mb", mib},
          {"file_name", "qwen3.zip.part-" + std::string(suffix)}};
}

// As the Python tool writes it: parts in the order in which they were done, null for what was not given.
json::object archive() {
  return {{"folder_name", "qwen3"},
          {"chunk_size_mb", 512},
          {"files", json::array{part("ac", 3.25), part("aa", 512.0), part("ab", 512.0)}},
          {"task", "embed"},
          {"ram", 1.16},
          {"config_name", nullptr},
          {"hf_repo", "Qwen/Qwen3-GGUF"},
          {"hf_file", "Qwen3-Q8_0.gguf"},
          {"lora", false},
          {"gguf_folder", false},
          {"num_of_files", 3}};
}

json::object file(std::string_view name) {
  return {{"cid", cid_of(name)}, {"sha256", sha_of(name)}, {"size", 2708896}, {"file_name", name}};
}

json::object unixfs() {
  return {{"folder_name", "eai"},
          {"format", "unixfs"},
          {"layout", "tensor"},
          {"files", json::array{file("eai-projector"), file("eai")}}};
}

Result<Metadata> parse(const json::object& object) { return parse_metadata(view_of(json::serialize(object))); }

// The error of a document that must be refused.
Error error_of(Result<Metadata> result) {
  if (result) {
    ADD_FAILURE() << "was accepted";
    return {};
  }
  EXPECT_EQ(result.error().message.substr(0, 8), "metadata");
  return result.error();
}
Error error_of(const json::object& object) { return error_of(parse(object)); }
Error error_of_text(std::string_view text) { return error_of(parse_metadata(view_of(text))); }

void expect_refused(const json::object& object, std::string_view why) {
  const Error error = error_of(object);
  EXPECT_EQ(error.code, Code::invalid);
  EXPECT_NE(error.message.find(why), std::string::npos) << error.message;
}

// Whatever a json::value can be made of.
struct Value {
  template <typename T, typename = std::enable_if_t<!std::is_same_v<std::decay_t<T>, Value>>>
  Value(T&& from) : value(json::value_from(std::forward<T>(from))) {}
  json::value value;
};

json::object with(json::object object, std::string_view field, Value value) {
  object[field] = std::move(value.value);
  return object;
}
json::object without(json::object object, std::string_view field) {
  object.erase(field);
  return object;
}
json::object with_part(std::size_t index, std::string_view field, Value value) {
  json::object object = archive();
  object["files"].as_array()[index].as_object()[field] = std::move(value.value);
  return object;
}

TEST(Metadata, reads_what_the_python_tool_writes) {
  const Metadata metadata = parse(archive()).value();
  EXPECT_EQ(metadata.folder_name, "qwen3");
  EXPECT_EQ(metadata.format, Format::archive);
  EXPECT_EQ(metadata.task, Task::embed);
  EXPECT_DOUBLE_EQ(metadata.ram_gb.value(), 1.16);
  EXPECT_EQ(metadata.hf_repo, "Qwen/Qwen3-GGUF");
  EXPECT_EQ(metadata.hf_file, "Qwen3-Q8_0.gguf");
  EXPECT_EQ(metadata.config_name, "");
  EXPECT_FALSE(metadata.lora);
  EXPECT_EQ(metadata.chunk_size, 512 * k_mib);
  ASSERT_EQ(metadata.files.size(), 3U);
  EXPECT_EQ(metadata.files[0].file_name, "qwen3.zip.part-aa");
  EXPECT_EQ(metadata.files[2].file_name, "qwen3.zip.part-ac");
  EXPECT_EQ(metadata.files[2].size, 13 * k_mib / 4);
  EXPECT_TRUE(metadata.files[2].size_is_exact);
  EXPECT_EQ(metadata.files[1].cid.str(), cid_of("ab"));
  EXPECT_EQ(to_hex(metadata.files[1].sha256), sha_of("ab"));
  EXPECT_EQ(metadata.total_size(), 1024 * k_mib + 13 * k_mib / 4);
}

TEST(Metadata, needs_little_and_ignores_what_it_does_not_know) {
  json::object object = archive();
  for (auto field : {"task", "ram", "config_name", "hf_repo", "hf_file", "lora", "gguf_folder"}) object.erase(field);
  object["later"] = json::object{{"a", json::array{1, nullptr}}};
  const Metadata metadata = parse(object).value();
  EXPECT_EQ(metadata.task, Task::chat);
  EXPECT_FALSE(metadata.ram_gb);
  EXPECT_FALSE(metadata.base_model);
}

TEST(Metadata, reads_image_models) {
  json::object object = with(with(archive(), "task", "image-generation"), "config_name", "flux-dev");
  object["lora"] = true;
  object["base_model"] = cid_of("base");
  const Metadata metadata = parse(object).value();
  EXPECT_EQ(metadata.task, Task::image_generation);
  EXPECT_EQ(metadata.config_name, "flux-dev");
  EXPECT_TRUE(metadata.lora);
  EXPECT_EQ(metadata.base_model.value().str(), cid_of("base"));
}

TEST(Metadata, size_of_a_part_is_exact_or_known_as_rounded) {
  const double exact = 1234567.0 / 1048576.0;
  EXPECT_EQ(parse(with_part(0, "size_mb", exact)).value().files[2].size, 1234567U);
  const Metadata rounded = parse(with_part(0, "size_mb", 1.18)).value();
  EXPECT_EQ(rounded.files[2].size, 1237320U);
  EXPECT_FALSE(rounded.files[2].size_is_exact);
  EXPECT_TRUE(rounded.files[0].size_is_exact);
  EXPECT_TRUE(parse(with_part(0, "size_mb", 512)));
  EXPECT_TRUE(parse(with_part(1, "size_mb", 511.999)));
}

TEST(Metadata, refuses_missing_fields) {
  for (auto field : {"folder_name", "files", "num_of_files"}) {
    expect_refused(without(archive(), field), std::string("\"") + field + "\" is missing");
    expect_refused(with(archive(), field, nullptr), std::string("\"") + field + "\" is missing");
  }
  for (auto field : {"cid", "file_hash", "size_mb", "file_name"}) {
    json::object object = archive();
    object["files"].as_array()[1].as_object().erase(field);
    expect_refused(object, std::string("files[1]: metadata: \"") + field + "\" is missing");
  }
}

TEST(Metadata, refuses_names_that_are_not_plain) {
  for (std::string_view name : {"", ".", "..", "a/b", "/a", "..\\a", "a\\b", "a'b", "a\"b", "a`b", "a\nb", "a\x7f"}) {
    expect_refused(with(archive(), "folder_name", name), "folder_name");
    expect_refused(with_part(0, "file_name", name), "file_name");
  }
  expect_refused(with(archive(), "folder_name", json::string(std::string_view("a\0b", 3))), "control");
  expect_refused(with(archive(), "folder_name", std::string(201, 'a')), "longer");
  expect_refused(with(archive(), "hf_repo", std::string(2000, 'a')), "hf_repo");
  expect_refused(with(archive(), "hf_repo", "a\x1b[31m"), "control");
}

TEST(Metadata, refuses_files_that_do_not_add_up) {
  expect_refused(with(archive(), "num_of_files", 2), "\"num_of_files\" is 2, but 3");
  expect_refused(with(archive(), "files", json::array{}), "empty");
  expect_refused(with_part(0, "file_name", "qwen3.zip.part-aa"), "twice");
  expect_refused(with_part(0, "file_name", "qwen3.zip.part-ad"), "lacks the part \"qwen3.zip.part-ac\"");
  expect_refused(with_part(0, "cid", cid_of("aa")), "same CID");
  for (const json::value& bad : {json::value(-1), json::value(1e300), json::value("512")}) {
    expect_refused(with_part(1, "size_mb", bad), "size_mb");
  }
}

TEST(Metadata, parts_have_any_sizes) {
  json::object object = archive();
  json::array& files = object["files"].as_array();
  const double sizes[] = {700.5, 1.0, 511.123};  // of ac, the last one, aa and ab
  for (std::size_t i = 0; i < 3; ++i) files[i].as_object()["size_mb"] = sizes[i];
  for (const json::value& hint : {json::value(512), json::value(1), json::value(0), json::value(-3), json::value(0.5),
                                  json::value(1e300), json::value("512"), json::value(nullptr), json::value(true)}) {
    const Metadata metadata = parse(with(object, "chunk_size_mb", hint)).value();
    EXPECT_EQ(metadata.files[0].size, k_mib);
    EXPECT_EQ(metadata.files[2].size, 1401 * k_mib / 2);
    EXPECT_FALSE(metadata.files[1].size_is_exact);
  }
  EXPECT_EQ(parse(without(object, "chunk_size_mb")).value().chunk_size, 0U);
}

TEST(Metadata, only_the_hash_of_nothing_makes_an_empty_part) {
  json::object object = with_part(1, "size_mb", 0);
  EXPECT_EQ(parse(object).value().files[0].size, 1U);  // its writer rounded it away
  EXPECT_FALSE(parse(object).value().files[0].size_is_exact);
  object["files"].as_array()[1].as_object()["file_hash"] = sha_of("");
  EXPECT_EQ(parse(object).value().files[0].size, 0U);
  object["files"].as_array()[1].as_object()["size_mb"] = 3;
  expect_refused(object, "hash of an empty part");
}

TEST(Metadata, refuses_wrong_types_and_values) {
  expect_refused(with(archive(), "folder_name", 7), "not a string");
  expect_refused(with(archive(), "files", json::object{}), "not an array");
  expect_refused(with(archive(), "files", json::array{1}), "files[0] is not an object");
  expect_refused(with(archive(), "num_of_files", "3"), "num_of_files");
  expect_refused(with(archive(), "task", "paint"), "paint");
  expect_refused(with(archive(), "task", 1), "task");
  expect_refused(with(archive(), "ram", "much"), "ram");
  expect_refused(with(archive(), "ram", -1), "ram");
  expect_refused(with(archive(), "lora", "yes"), "lora");
  expect_refused(with(archive(), "base_model", "flux"), "base_model");
  expect_refused(with_part(0, "cid", "bafk0"), "'0' at position 5");
  expect_refused(with_part(0, "file_hash", "abc"), "SHA-256");
  EXPECT_EQ(error_of(with(archive(), "format", "torrent")).code, Code::unsupported);
  EXPECT_EQ(error_of(with(archive(), "gguf_folder", true)).code, Code::unsupported);
}

TEST(Metadata, refuses_what_is_not_json) {
  const std::string good = json::serialize(archive());
  for (std::string_view bad :
       {"", " ", "null", "[]", "7", "\"x\"", "{", "<html>", "{}x", "{\"a\":1,}", "\xef\xbb\xbf{}"}) {
    error_of_text(bad);
  }
  error_of_text(good + "x");
  error_of_text(good + good);
  error_of_text(good.substr(0, good.size() - 1));
  error_of_text(std::string(2 * k_mib, ' ') + good);
  error_of_text("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}");
  EXPECT_TRUE(parse_metadata(view_of(good + " \n")));
}

TEST(Metadata, refuses_hostile_numbers_and_text) {
  const auto replaced = [](std::string_view from, std::string_view to) {
    std::string text = json::serialize(archive());
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (std::string_view number :
       {"1e309", "-1e309", "NaN", "Infinity", "0x10", "01", "1e-400", "18446744073709551616"}) {
    error_of_text(replaced("\"num_of_files\":3", "\"num_of_files\":" + std::string(number)));
  }
  error_of_text(replaced("1.16E0", "1e309"));
  for (std::string_view text :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\\ud800", "\\udc00x", "\\ud800\\u0041", "\\u0000"}) {
    error_of_text(replaced("\"qwen3\"", "\"" + std::string(text) + "\""));
    error_of_text(replaced("Qwen/Qwen3-GGUF", text));
  }
  EXPECT_EQ(parse_metadata(view_of(replaced("\"Qwen/", "\"\\ud83d\\ude00/"))).value().hf_repo,
            "\xf0\x9f\x98\x80/Qwen3-GGUF");
}

TEST(Metadata, many_parts_sort_as_split_names_them) {
  json::object object = archive();
  json::array files;
  for (std::size_t i = 0; i < 1400; ++i) {
    std::string suffix;
    if (i < 650) {
      suffix = {static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)};
    } else {
      const std::size_t j = i - 650;
      suffix = {'z', static_cast<char>('a' + j / 676), static_cast<char>('a' + j / 26 % 26),
                static_cast<char>('a' + j % 26)};
    }
    files.insert(files.begin(), part(suffix, 512));
  }
  object["files"] = files;
  object["num_of_files"] = files.size();
  const Metadata metadata = parse(object).value();
  EXPECT_EQ(metadata.files[649].file_name, "qwen3.zip.part-yz");
  EXPECT_EQ(metadata.files[650].file_name, "qwen3.zip.part-zaaa");
  EXPECT_EQ(metadata.files[1399].file_name, "qwen3.zip.part-zbcv");
}

TEST(Metadata, reads_unixfs) {
  const Metadata metadata = parse(unixfs()).value();
  EXPECT_EQ(metadata.format, Format::unixfs);
  EXPECT_EQ(metadata.layout, Layout::tensor);
  ASSERT_EQ(metadata.files.size(), 2U);
  EXPECT_EQ(metadata.files[0].file_name, "eai");
  EXPECT_EQ(metadata.files[1].file_name, "eai-projector");
  EXPECT_EQ(metadata.files[0].size, 2708896U);
  EXPECT_EQ(to_hex(metadata.files[0].sha256), sha_of("eai"));
  EXPECT_EQ(parse(with(unixfs(), "layout", "fixed")).value().layout, Layout::fixed);
}

TEST(Metadata, unixfs_may_name_a_car_of_its_trees) {
  const json::object car{{"cid", cid_of("car")}, {"size", 1400}, {"sha256", sha_of("car")}};
  const auto read = [](const json::value& value) { return parse(with(unixfs(), "tree_car", value)).value().tree_car; };
  const auto found = read(car);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->cid.str(), cid_of("car"));
  EXPECT_EQ(found->size, 1400U);
  EXPECT_EQ(to_hex(found->sha256), sha_of("car"));
  EXPECT_EQ(found->file_name, k_tree_car_name);
  // No reader needs it.
  EXPECT_FALSE(parse(unixfs()).value().tree_car);
  for (const json::value& odd :
       {json::value(nullptr), json::value(7), json::value(with(car, "cid", "x")), json::value(with(car, "size", 0)),
        json::value(with(car, "size", k_tree_car_limit + 1)), json::value(with(car, "sha256", nullptr))}) {
    EXPECT_FALSE(read(odd)) << json::serialize(odd);
  }
  Metadata metadata = parse(with(unixfs(), "tree_car", car)).value();
  const std::string text = write_metadata(metadata);
  EXPECT_NE(text.find(R"("tree_car": {"cid": ")" + std::string(cid_of("car")) + R"(", "size": 1400, "sha256": ")"),
            std::string::npos)
      << text;
  EXPECT_EQ(write_metadata(parse_metadata(view_of(text)).value()), text);
  metadata.tree_car.reset();
  EXPECT_EQ(write_metadata(metadata).find("tree_car"), std::string::npos);
}

TEST(Metadata, unixfs_keeps_the_pieces_of_a_model) {
  const auto pieces = [](std::initializer_list<const char*> names) {
    json::array files;
    for (const char* name : names) files.push_back(file(name));
    return with(unixfs(), "files", files);
  };
  const auto whole = parse(pieces({"eai-projector", "eai-00002-of-00002.gguf", "eai-00001-of-00002.gguf"}));
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->files[0].file_name, "eai-00001-of-00002.gguf");
  expect_refused(pieces({"eai-00001-of-00003.gguf", "eai-00002-of-00003.gguf"}),
                 "lacks the piece \"eai-00003-of-00003");
  expect_refused(pieces({"eai-00002-of-00002.gguf"}), "lacks the piece \"eai-00001-of-00002");
  expect_refused(pieces({"eai-00001-of-00002.gguf", "eai-00002-of-00003.gguf"}), "two models");
  expect_refused(pieces({"eai", "eai-00001-of-00002.gguf", "eai-00002-of-00002.gguf"}), "and pieces of it");
  expect_refused(pieces({"eai-projector"}), "the model itself");
  for (const char* odd : {"eai-00001-of-00001.gguf", "eai-1-of-2.gguf", "eai-00003-of-00002.gguf",
                          "eai-00000-of-00002.gguf", "other-00001-of-00002.gguf"}) {
    expect_refused(pieces({odd}), "not a file of this model");
  }
  EXPECT_TRUE(error_of(with(pieces({"eai-00001-of-00002.gguf"}), "task", "chat")).code == Code::invalid);
}

TEST(Metadata, unixfs_names_only_files_of_the_model) {
  const auto with_file = [](std::string_view task, std::string_view name) {
    json::object object = with(unixfs(), "task", task);
    object["files"].as_array()[0].as_object()["file_name"] = name;
    return object;
  };
  expect_refused(with_file("chat", "other"), "not a file of this model");
  expect_refused(with_file("chat", "vae/a"), "not a file of this model");
  EXPECT_TRUE(parse(with_file("image-edit", "vae/a.safetensors")));
  for (std::string_view name : {"", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a\\b"}) {
    expect_refused(with_file("image-edit", name), "file_name");
  }
  json::object object = unixfs();
  object["files"].as_array()[0].as_object()["size"] = 1.5;
  expect_refused(object, "size");
  object["files"].as_array()[0].as_object().erase("size");
  expect_refused(object, "\"size\" is missing");
  expect_refused(with(unixfs(), "num_of_files", 3), "num_of_files");
}

}  // namespace
}  // namespace eai::model
