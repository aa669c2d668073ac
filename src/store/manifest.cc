#include "store/manifest.h"

#include <algorithm>
#include <set>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::store {
namespace {

namespace json = boost::json;

bool is_plain_component(std::string_view part) {
  if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
  return std::none_of(part.begin(), part.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == '"';
  });
}

Failure damaged(std::string_view what) { return fail(Code::corrupt, "manifest.json is damaged: " + std::string(what)); }

Result<StoredFile> parse_entry(const json::value& value) {
  const json::object* entry = value.if_object();
  if (entry == nullptr) return damaged("a file entry is not an object");
  const json::value* name = entry->if_contains("name");
  const json::value* size = entry->if_contains("size");
  const json::value* hash = entry->if_contains("sha256");
  if (name == nullptr || !name->is_string() || !is_allowed_name(name->get_string())) return damaged("a file name");
  StoredFile out;
  out.name = std::string(name->get_string());
  boost::system::error_code error;
  if (size != nullptr) out.size = size->to_number<std::uint64_t>(error);
  if (size == nullptr || error) return damaged("the size of " + out.name);
  auto digest = hash != nullptr && hash->is_string() ? from_hex(hash->get_string()) : std::nullopt;
  if (!digest || digest->size() != out.sha256.size()) return damaged("the SHA-256 of " + out.name);
  std::copy(digest->begin(), digest->end(), out.sha256.begin());
  return out;
}

}  // namespace

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::downloaded:
      return "downloaded";
    case Origin::preserved:
      return "preserved";
    case Origin::adopted:
      return "adopted";
  }
  return "downloaded";
}

bool is_allowed_name(std::string_view name) {
  constexpr std::string_view payload = "payload/";
  if (name == "model.gguf" || name == "projector.gguf") return true;
  if (!name.starts_with(payload)) return false;
  name.remove_prefix(payload.size());
  while (true) {
    std::size_t slash = name.find('/');
    if (!is_plain_component(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::string to_json(const Manifest& manifest) {
  json::array files;
  for (const StoredFile& file : manifest.files) {
    files.push_back(json::object{{"name", file.name}, {"size", file.size}, {"sha256", to_hex(file.sha256)}});
  }
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(manifest.created.time_since_epoch());
  json::object out{{"format", 1},
                   {"origin", name_of(manifest.origin)},
                   {"created", static_cast<std::int64_t>(seconds.count())},
                   {"files", std::move(files)}};
  if (!manifest.damaged.empty()) out["damaged"] = json::array(manifest.damaged.begin(), manifest.damaged.end());
  return json::serialize(out);
}

Result<Manifest> parse_manifest(ByteView bytes) {
  boost::system::error_code error;
  json::value document = json::parse(text_of(bytes), error);
  if (error || !document.is_object()) return damaged("not a JSON object");
  const json::object& object = document.get_object();
  const json::value* format = object.if_contains("format");
  if (format == nullptr || !format->is_int64()) return damaged("no format number");
  if (format->get_int64() != 1) {
    return fail(Code::unsupported,
                "manifest.json was written by a newer eai (format " + std::to_string(format->get_int64()) + ")");
  }
  Manifest out;
  const json::value* origin = object.if_contains("origin");
  bool known = false;
  for (Origin candidate : {Origin::downloaded, Origin::preserved, Origin::adopted}) {
    if (origin == nullptr || !origin->is_string() || origin->get_string() != name_of(candidate)) continue;
    out.origin = candidate;
    known = true;
  }
  if (!known) return damaged("the origin");
  const json::value* created = object.if_contains("created");
  if (created == nullptr || !created->is_int64()) return damaged("the date");
  out.created = std::chrono::system_clock::time_point(std::chrono::seconds(created->get_int64()));
  const json::value* files = object.if_contains("files");
  if (files == nullptr || !files->is_array() || files->get_array().empty()) return damaged("no files");
  std::set<std::string, std::less<>> seen;
  for (const json::value& entry : files->get_array()) {
    EAI_TRY(StoredFile file, parse_entry(entry));
    if (!seen.insert(file.name).second) return damaged(file.name + " is named twice");
    out.files.push_back(std::move(file));
  }
  if (const json::value* names = object.if_contains("damaged")) {
    if (!names->is_array()) return damaged("the list of damaged files");
    for (const json::value& name : names->get_array()) {
      if (!name.is_string() || !seen.contains(std::string_view(name.get_string()))) {
        return damaged("the list of damaged files");
      }
      out.damaged.emplace_back(name.get_string());
    }
  }
  return out;
}

}  // namespace eai::store
