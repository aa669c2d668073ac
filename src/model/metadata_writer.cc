#include <boost/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "model/metadata.h"
#include "util/text.h"

namespace eai::model {
namespace {

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string(text)); }
std::string quoted_or_null(std::string_view text) { return text.empty() ? "null" : quoted(text); }

std::string archive_entry(const PartEntry& part) {
  // {} prints the shortest digits that read back as the same number. That number is exact, being a count divided by
  // 2^20.
  const double mib = static_cast<double>(part.size) / static_cast<double>(k_mib);
  return fmt::format("{{\"cid\": {}, \"file_hash\": \"{}\", \"size_mb\": {}, \"file_name\": {}}}",
                     quoted(part.cid.str()), to_hex(part.sha256), mib, quoted(part.file_name));
}

std::string unixfs_entry(const PartEntry& file) {
  return fmt::format("{{\"cid\": {}, \"size\": {}, \"sha256\": \"{}\", \"file_name\": {}}}", quoted(file.cid.str()),
                     file.size, to_hex(file.sha256), quoted(file.file_name));
}

}  // namespace

std::string write_metadata(const Metadata& metadata) {
  const bool archive = metadata.format == Format::archive;
  std::string out = "{\n";
  auto field = [&](std::string_view name, const std::string& value) {
    out += fmt::format("  \"{}\": {},\n", name, value);
  };
  field("folder_name", quoted(metadata.folder_name));
  if (archive) field("chunk_size_mb", fmt::format("{}", metadata.chunk_size / k_mib));
  out += "  \"files\": [";
  for (std::size_t i = 0; i < metadata.files.size(); ++i) {
    out += i == 0 ? "\n    " : ",\n    ";
    out += archive ? archive_entry(metadata.files[i]) : unixfs_entry(metadata.files[i]);
  }
  out += "\n  ],\n";
  field("num_of_files", fmt::format("{}", metadata.files.size()));
  field("task", quoted(name_of(metadata.task)));
  field("ram", metadata.ram_gb ? fmt::format("{}", *metadata.ram_gb) : "null");
  field("config_name", quoted_or_null(metadata.config_name));
  field("hf_repo", quoted_or_null(metadata.hf_repo));
  field("hf_file", quoted_or_null(metadata.hf_file));
  field("lora", metadata.lora ? "true" : "false");
  if (metadata.base_model) field("base_model", quoted(metadata.base_model->str()));
  if (!archive) field("layout", metadata.layout == Layout::tensor ? "\"tensor\"" : "\"fixed\"");
  if (const auto& car = metadata.tree_car) {
    field("tree_car", fmt::format("{{\"cid\": {}, \"size\": {}, \"sha256\": \"{}\"}}", quoted(car->cid.str()),
                                  car->size, to_hex(car->sha256)));
  }
  out += fmt::format("  \"format\": \"{}\"\n}}\n", archive ? "archive" : "unixfs");
  return out;
}

}  // namespace eai::model
