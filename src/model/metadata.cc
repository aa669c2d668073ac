#include "model/metadata.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <boost/json.hpp>

#include "model/split_name.h"
#include "util/text.h"

namespace eai::model {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> k_task_names = {"chat", "embed", "image-generation", "image-edit"};
constexpr std::size_t k_depth_limit = 16;
constexpr std::size_t k_text_limit = 1024;
// Longer than any part or file can be, and so small that sums of sizes cannot overflow.
constexpr double k_size_limit = 1ULL << 46;
constexpr double k_parsing_error = 0x1p-50;  // of a number, relative

Failure wrong(std::string_view field, std::string_view what) {
  return fail(Code::invalid, "metadata: \"" + std::string(field) + "\" " + std::string(what));
}

// The value of a field; nothing if it is absent or null, because the Python tool writes null for what was not given.
const json::value* find(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<const json::value*> need(const json::object& object, std::string_view field) {
  const json::value* value = find(object, field);
  if (value == nullptr) return wrong(field, "is missing");
  return value;
}

// Text without control characters; "" if the field is absent.
Result<std::string> text_of(const json::object& object, std::string_view field) {
  const json::value* value = find(object, field);
  if (value == nullptr) return std::string();
  const json::string* text = value->if_string();
  if (text == nullptr) return wrong(field, "is not a string");
  if (text->size() > k_text_limit) return wrong(field, "is longer than " + std::to_string(k_text_limit) + " bytes");
  const bool control =
      std::any_of(text->begin(), text->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control) return wrong(field, "holds a control character");
  return std::string(text->data(), text->size());
}

Result<std::string> need_text(const json::object& object, std::string_view field) {
  EAI_CHECK(need(object, field));
  return text_of(object, field);
}

Result<std::string> need_name(const json::object& object, std::string_view field) {
  EAI_TRY(std::string name, need_text(object, field));
  if (auto checked = check_plain_name(name); !checked) return wrong(field, checked.error().message);
  return name;
}

Result<bool> flag_of(const json::object& object, std::string_view field) {
  const json::value* value = find(object, field);
  if (value == nullptr) return false;
  if (!value->is_bool()) return wrong(field, "is neither true nor false");
  return value->get_bool();
}

Result<double> number_of(const json::value& value, std::string_view field) {
  if (!value.is_number()) return wrong(field, "is not a number");
  const double number = value.to_number<double>();
  if (!std::isfinite(number)) return wrong(field, "is not a finite number");
  return number;
}

// A positive whole number below the size limit.
Result<std::uint64_t> need_whole(const json::object& object, std::string_view field) {
  EAI_TRY(const json::value* value, need(object, field));
  EAI_TRY(double number, number_of(*value, field));
  if (!(number >= 1) || number > k_size_limit || number != std::floor(number)) {
    return wrong(field, "is not a whole number of at least 1");
  }
  return static_cast<std::uint64_t>(number);
}

Result<ipld::Sha256> need_sha256(const json::object& object, std::string_view field) {
  EAI_TRY(std::string text, need_text(object, field));
  const auto bytes = from_hex(text);
  ipld::Sha256 out{};
  if (!bytes || bytes->size() != out.size()) return wrong(field, "is not a SHA-256 (64 hex digits)");
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

Result<ipld::Cid> need_cid(const json::object& object, std::string_view field) {
  EAI_TRY(std::string text, need_text(object, field));
  auto cid = ipld::Cid::parse(text);
  if (!cid) return wrong(field, "is " + cid.error().message);
  return cid;
}

// size_mb is bytes / 2^20 as a float, which is exact for every possible size. A value that is not a whole number of
// bytes was therefore rounded by its writer.
Result<void> read_size_mb(const json::object& object, PartEntry& part) {
  EAI_TRY(const json::value* value, need(object, "size_mb"));
  EAI_TRY(double mib, number_of(*value, "size_mb"));
  const double bytes = mib * static_cast<double>(k_mib);
  if (!(bytes >= 0) || bytes > k_size_limit) return wrong("size_mb", "is not the size of a part");
  if (part.sha256 == ipld::sha256({})) {
    if (std::round(bytes) > 0) return wrong("size_mb", "is not 0, but \"file_hash\" is the hash of an empty part");
    part.size = 0;
    return {};
  }
  // The parser of numbers may be wrong in the last bits. A part that is smaller than the last digit that was written has
  // the size 0 there.
  const double whole = std::round(bytes);
  part.size_is_exact = whole > 0 && std::abs(bytes - whole) <= whole * k_parsing_error;
  part.size = static_cast<std::uint64_t>(std::max(1.0, whole));
  return {};
}

Result<PartEntry> read_archive_part(const json::object& object) {
  EAI_TRY(std::string name, need_name(object, "file_name"));
  EAI_TRY(ipld::Cid cid, need_cid(object, "cid"));
  PartEntry part{std::move(cid), std::move(name)};
  EAI_TRY(part.sha256, need_sha256(object, "file_hash"));
  EAI_CHECK(read_size_mb(object, part));
  return part;
}

Result<PartEntry> read_unixfs_file(const json::object& object, const Metadata& metadata) {
  EAI_TRY(std::string name, need_text(object, "file_name"));
  const bool is_piece = is_text(metadata.task) && is_piece_of(metadata.folder_name, name);
  if (!is_piece && !is_model_file(metadata.folder_name, metadata.task, name)) {
    return wrong("file_name", "is \"" + printable(name) + "\", which is not a file of this model");
  }
  EAI_TRY(ipld::Cid cid, need_cid(object, "cid"));
  if (cid.codec() != ipld::Codec::raw && cid.codec() != ipld::Codec::dag_pb)
    return wrong("cid", "is not the CID of a file");
  PartEntry part{std::move(cid), std::move(name)};
  EAI_TRY(part.sha256, need_sha256(object, "sha256"));
  EAI_TRY(part.size, need_whole(object, "size"));
  return part;
}

Result<PartEntry> read_tree_car(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong("tree_car", "is not an object");
  EAI_TRY(ipld::Cid cid, need_cid(*object, "cid"));
  PartEntry part{std::move(cid), std::string(k_tree_car_name)};
  EAI_TRY(part.sha256, need_sha256(*object, "sha256"));
  EAI_TRY(part.size, need_whole(*object, "size"));
  if (part.size > k_tree_car_limit) return wrong("tree_car", "is larger than any that is needed");
  return part;
}

Result<void> read_files(const json::object& root, Metadata& metadata) {
  EAI_TRY(const json::value* value, need(root, "files"));
  const json::array* files = value->if_array();
  if (files == nullptr) return wrong("files", "is not an array");
  if (files->empty()) return wrong("files", "is empty");
  for (std::size_t i = 0; i < files->size(); ++i) {
    const std::string at = "metadata: files[" + std::to_string(i) + "]";
    const json::object* object = (*files)[i].if_object();
    if (object == nullptr) return fail(Code::invalid, at + " is not an object");
    auto part = metadata.format == Format::archive ? read_archive_part(*object) : read_unixfs_file(*object, metadata);
    if (!part) return Failure(std::move(part).error().with(at));
    metadata.files.push_back(*std::move(part));
  }
  const json::value* count = find(root, "num_of_files");
  if (count == nullptr && metadata.format == Format::unixfs) return {};
  EAI_TRY(std::uint64_t number, need_whole(root, "num_of_files"));
  if (number == metadata.files.size()) return {};
  return wrong("num_of_files",
               "is " + std::to_string(number) + ", but " + std::to_string(metadata.files.size()) + " files are listed");
}

// The same bytes have the same CID, hash and size, and every name appears once.
Result<void> check_files(const Metadata& metadata) {
  const std::vector<PartEntry>& files = metadata.files;
  std::vector<const PartEntry*> by_cid;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i > 0 && files[i].file_name == files[i - 1].file_name) {
      return wrong("files", "lists \"" + printable(files[i].file_name) + "\" twice");
    }
    by_cid.push_back(&files[i]);
  }
  std::sort(by_cid.begin(), by_cid.end(), [](const PartEntry* a, const PartEntry* b) { return a->cid < b->cid; });
  for (std::size_t i = 1; i < by_cid.size(); ++i) {
    const PartEntry& a = *by_cid[i - 1];
    const PartEntry& b = *by_cid[i];
    if (a.cid == b.cid && (a.sha256 != b.sha256 || a.size != b.size)) {
      return wrong("files", "gives \"" + printable(a.file_name) + "\" and \"" + printable(b.file_name) +
                                "\" the same CID but not the same hash and size");
    }
  }
  return {};
}

// Otherwise a missing part would be noticed only after all the others have been downloaded.
Result<void> check_part_names(const Metadata& metadata) {
  constexpr std::string_view first = ".part-aa";
  const std::string& name = metadata.files.front().file_name;
  if (!name.ends_with(first)) return {};
  const std::string stem = name.substr(0, name.size() - 2);
  for (std::size_t i = 0; i < metadata.files.size(); ++i) {
    const std::string expected = stem + split_suffix(i);
    if (metadata.files[i].file_name != expected) {
      return wrong("files", "lacks the part \"" + printable(expected) + "\"");
    }
  }
  return {};
}

// A text model is one file or all the pieces of one, and perhaps a projector.
Result<void> check_text_model(const Metadata& metadata) {
  std::uint32_t next = 1, count = 0;
  bool whole = false;
  for (const PartEntry& file : metadata.files) {
    whole = whole || file.file_name == metadata.folder_name;
    if (!is_piece_of(metadata.folder_name, file.file_name)) continue;
    const PieceName piece = *parse_piece_name(file.file_name);
    if (count != 0 && piece.count != count) return wrong("files", "lists pieces of two models");
    count = piece.count;
    if (piece.number == next) ++next;  // names are sorted, and each appears once
  }
  if (next <= count) {
    return wrong("files", "lacks the piece \"" + printable(piece_name(metadata.folder_name, next, count)) + "\"");
  }
  if (whole == (count > 0)) {
    return wrong("files", whole ? "lists the model and pieces of it" : "does not list the model itself");
  }
  return {};
}

Result<void> read_purpose(const json::object& root, Metadata& metadata) {
  EAI_TRY(metadata.folder_name, need_name(root, "folder_name"));
  EAI_TRY(std::string task, text_of(root, "task"));
  if (!task.empty()) {
    auto parsed = parse_task(task);
    if (!parsed) return Failure(std::move(parsed).error().with("metadata"));
    metadata.task = *parsed;
  }
  if (const json::value* ram = find(root, "ram")) {
    EAI_TRY(double gigabytes, number_of(*ram, "ram"));
    if (gigabytes < 0) return wrong("ram", "is negative");
    metadata.ram_gb = gigabytes;
  }
  EAI_TRY(metadata.hf_repo, text_of(root, "hf_repo"));
  EAI_TRY(metadata.hf_file, text_of(root, "hf_file"));
  EAI_TRY(metadata.config_name, text_of(root, "config_name"));
  EAI_TRY(metadata.lora, flag_of(root, "lora"));
  if (find(root, "base_model") != nullptr) {
    EAI_TRY(metadata.base_model, need_cid(root, "base_model"));
  }
  EAI_TRY(bool split_gguf, flag_of(root, "gguf_folder"));
  if (split_gguf) return fail(Code::unsupported, "metadata: a model split over several GGUF files (\"gguf_folder\")");
  return {};
}

Result<void> read_format(const json::object& root, Metadata& metadata) {
  EAI_TRY(std::string format, text_of(root, "format"));
  if (format.empty() || format == "archive") {
    // Each part has its own size and hash, so a value that is missing or makes no sense does no harm.
    const auto chunk_mib = need_whole(root, "chunk_size_mb");
    if (chunk_mib && static_cast<double>(*chunk_mib) <= k_size_limit / static_cast<double>(k_mib)) {
      metadata.chunk_size = *chunk_mib * k_mib;
    }
    return {};
  }
  if (format != "unixfs") {
    return fail(Code::unsupported, "metadata: the format \"" + printable(format) + "\" is not known to this version");
  }
  metadata.format = Format::unixfs;
  EAI_TRY(std::string layout, text_of(root, "layout"));
  if (layout == "tensor") metadata.layout = Layout::tensor;
  if (const json::value* value = find(root, "tree_car")) {
    if (auto part = read_tree_car(*value)) metadata.tree_car = *std::move(part);
  }
  // Every other layout is read the same way, because it only says where the writer cut the files.
  return {};
}

Result<json::value> parse_json(ByteView bytes) {
  if (bytes.size() > k_metadata_limit) {
    return fail(Code::invalid, "metadata: it has more than " + std::to_string(k_metadata_limit) + " bytes");
  }
  json::parse_options options;
  options.max_depth = k_depth_limit;
  json::error_code error;
  json::value value = json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, error, {}, options);
  if (error) return fail(Code::invalid, "metadata: not JSON (" + error.message() + ")");
  return value;
}

}  // namespace

std::string split_suffix(std::size_t index) {
  std::string out;
  std::size_t letters = 2;
  for (std::size_t count = 25 * 26; index >= count; count *= 26, ++letters) {
    index -= count;
    out += 'z';
  }
  std::string digits(letters, 'a');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, index /= 26) {
    *digit = static_cast<char>('a' + index % 26);
  }
  return out + digits;
}

std::string_view name_of(Task task) { return k_task_names[static_cast<std::size_t>(task)]; }

bool is_text(Task task) { return task == Task::chat || task == Task::embed; }

Result<Task> parse_task(std::string_view text) {
  const auto found = std::find(k_task_names.begin(), k_task_names.end(), text);
  if (found != k_task_names.end()) return static_cast<Task>(found - k_task_names.begin());
  return fail(Code::invalid, "\"" + printable(text) +
                                 "\" is not a task; the tasks are chat, embed, image-generation and "
                                 "image-edit");
}

Result<void> check_plain_name(std::string_view name) {
  if (name.empty()) return fail(Code::invalid, "is empty");
  if (name == "." || name == "..") return fail(Code::invalid, "is \"" + std::string(name) + "\"");
  if (name.size() > 200) return fail(Code::invalid, "is longer than 200 bytes");
  if (!is_valid_utf8(name)) return fail(Code::invalid, "is not UTF-8");
  for (char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return fail(Code::invalid, "holds a control character");
    if (std::string_view("/\\'\"`").find(c) != std::string_view::npos) {
      return fail(Code::invalid, std::string("holds the character ") + c);
    }
  }
  return {};
}

std::string projector_name(std::string_view folder_name) { return std::string(folder_name) + "-projector"; }

bool is_model_file(std::string_view folder_name, Task task, std::string_view path) {
  if (is_text(task)) return path == folder_name || path == projector_name(folder_name);
  constexpr std::size_t path_limit = 1024;
  if (path.size() > path_limit) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    if (!check_plain_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_piece_of(std::string_view folder_name, std::string_view name) {
  const auto piece = parse_piece_name(name);
  return piece && piece->stem == folder_name && piece->count > 1;
}

std::uint64_t Metadata::total_size() const {
  std::uint64_t sum = 0;
  for (const PartEntry& file : files) sum += file.size;
  return sum;
}

Result<Metadata> parse_metadata(ByteView bytes) {
  EAI_TRY(json::value document, parse_json(bytes));
  const json::object* root = document.if_object();
  if (root == nullptr) return fail(Code::invalid, "metadata: not a JSON object");
  Metadata metadata;
  EAI_CHECK(read_purpose(*root, metadata));
  EAI_CHECK(read_format(*root, metadata));
  EAI_CHECK(read_files(*root, metadata));
  std::sort(metadata.files.begin(), metadata.files.end(),
            [](const PartEntry& a, const PartEntry& b) { return a.file_name < b.file_name; });
  EAI_CHECK(check_files(metadata));
  if (metadata.format == Format::archive) EAI_CHECK(check_part_names(metadata));
  if (metadata.format == Format::unixfs && is_text(metadata.task)) EAI_CHECK(check_text_model(metadata));
  return metadata;
}

}  // namespace eai::model
