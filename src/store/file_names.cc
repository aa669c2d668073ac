#include "store/file_names.h"

#include <algorithm>

#include "model/split_name.h"

namespace eai::store {
namespace {

constexpr std::string_view k_piece_stem = "model";

// Wider than model::check_plain_name(): files that were adopted keep the names that they came with.
bool is_plain_component(std::string_view part) {
  if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
  return std::none_of(part.begin(), part.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == '"';
  });
}

}  // namespace

std::string payload_name(std::string_view file) { return std::string(k_payload_folder) + "/" + std::string(file); }

std::string stored_name(std::string_view folder_name, model::Task task, std::string_view file) {
  if (model::is_text(task) && file == folder_name) return std::string(k_model_file);
  if (model::is_text(task) && model::is_piece_of(folder_name, file)) {
    const auto piece = *model::parse_piece_name(file);
    return model::piece_name(k_piece_stem, piece.number, piece.count);
  }
  if (model::is_text(task) && file == model::projector_name(folder_name)) return std::string(k_projector_file);
  return payload_name(file);
}

bool is_gguf_name(std::string_view name) {
  return name == k_model_file || name == k_projector_file || model::is_piece_of(k_piece_stem, name);
}

bool is_first_name(std::string_view name) {
  return name == k_model_file || (model::is_piece_of(k_piece_stem, name) && model::parse_piece_name(name)->number == 1);
}

bool is_allowed_name(std::string_view name) {
  if (is_gguf_name(name)) return true;
  const std::string payload = payload_name("");
  if (!name.starts_with(payload)) return false;
  name.remove_prefix(payload.size());
  while (true) {
    const std::size_t slash = name.find('/');
    if (!is_plain_component(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::string tree_name(std::size_t file) { return std::string(k_trees_folder) + "/" + std::to_string(file) + ".car"; }

bool is_tree_name(std::string_view name) {
  const std::string folder = std::string(k_trees_folder) + "/", ending = ".car";
  if (!name.starts_with(folder) || !name.ends_with(ending)) return false;
  name.remove_prefix(folder.size());
  name.remove_suffix(std::min(ending.size(), name.size()));
  return !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == name.npos &&
         (name == "0" || name[0] != '0');
}

fs::path HomePaths::block_list(const ipld::Cid& id, std::optional<model::Layout> cut) const {
  const std::string_view ending = !cut ? "" : *cut == model::Layout::tensor ? ".tensor" : ".fixed";
  return block_lists() / (id.str() + std::string(ending));
}

std::array<fs::path, 3> HomePaths::block_lists_of(const ipld::Cid& id) const {
  return {block_list(id), block_list(id, model::Layout::tensor), block_list(id, model::Layout::fixed)};
}

}  // namespace eai::store
