#include "model/unpack.h"

#include <algorithm>
#include <set>

#include "model/gunzip.h"
#include "model/state_bytes.h"
#include "model/tar_reader.h"
#include "util/text.h"

namespace eai::model {
namespace {

constexpr std::string_view k_checkpoint_tag = "eai unpack checkpoint 1";
// A model of many files has some hundreds of them; a bomb has millions of empty ones.
constexpr std::uint64_t k_entries_limit = 100'000;

using Components = std::vector<std::string_view>;

std::string quoted(std::string_view path) { return "\"" + printable(path) + "\""; }

// "./a//b/" → {a, b}.
Result<Components> components_of(std::string_view path) {
  if (path.starts_with('/')) return fail(Code::invalid, "refused: " + quoted(path) + " in the tar is an absolute path");
  Components out;
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), component.size() + 1));
    if (component == "..") return fail(Code::invalid, "refused: a path in the tar leads out of its folder (\"..\")");
    if (!component.empty() && component != ".") out.push_back(component);
  }
  return out;
}

std::string joined(const Components& components, std::size_t first, std::size_t last) {
  std::string out;
  for (std::size_t i = first; i < last; ++i) {
    if (i > first) out += '/';
    out += components[i];
  }
  return out;
}

// So that two names count as one if a file system that ignores case would take them for one.
std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

ipld::Sha256 digest_of(const UnpackRules& rules) {
  StateWriter out;
  out.text(rules.folder_name);
  out.number(static_cast<std::uint64_t>(rules.task));
  out.number(rules.output_limit);
  return ipld::sha256(out.bytes());
}

}  // namespace

// Which entries of the tar are files of the model, and under which name they go to the sink.
struct Unpacker::State : TarHandler {
  UnpackRules rules;
  UnpackSink* sink;
  Gunzip gunzip;
  TarReader tar;
  std::uint64_t consumed = 0;
  std::uint64_t entries = 0;
  std::uint64_t output = 0;         // bytes promised by all headers so far
  std::optional<std::string> base;  // the folder's path as the uploader typed it
  std::vector<UnpackedFile> files;
  std::set<std::string> taken;  // folded names of files
  std::optional<OpenFile> open;
  bool spent = false;

  State(UnpackRules r, UnpackSink& s) : rules(std::move(r)), sink(&s) {}

  // The tar of a folder holds the folder itself before its files. If it does not, the first file shows the folder.
  void find_base(const Components& path, bool is_folder) {
    if (is_folder) {
      if (path.back() == rules.folder_name) base = joined(path, 0, path.size());
      return;
    }
    std::size_t end = path.size() - 1;
    if (!is_text(rules.task)) {
      const auto found = std::find(path.begin(), path.end() - 1, rules.folder_name);
      end = found == path.end() - 1 ? 0 : static_cast<std::size_t>(found - path.begin()) + 1;
    }
    if (end > 0 && path[end - 1] == rules.folder_name) base = joined(path, 0, end);
  }

  // The name below the model's folder; empty for a file that is skipped.
  Result<std::string> name_of_file(const Components& path) {
    // These are the extended attributes that macOS's tar stores beside a file.
    if (path.back().starts_with("._")) return std::string();
    if (!base) find_base(path, false);
    const std::string whole = joined(path, 0, path.size());
    if (!base || !whole.starts_with(*base + "/")) {
      return fail(Code::invalid,
                  "refused: " + quoted(whole) + " in the tar is not inside the folder " + quoted(rules.folder_name));
    }
    std::string name = whole.substr(base->size() + 1);
    if (!is_model_file(rules.folder_name, rules.task, name)) {
      if (is_text(rules.task)) return std::string();
      return fail(Code::invalid, "refused: " + quoted(name) + " in the tar is not a plain path");
    }
    return name;
  }

  Result<void> take_name(const std::string& name) {
    const std::string key = folded(name);
    const auto at = taken.lower_bound(key);
    bool clash = at != taken.end() && *at == key;
    const auto inside = taken.lower_bound(key + "/");
    clash = clash || (inside != taken.end() && inside->starts_with(key + "/"));
    for (std::size_t slash = key.find('/'); slash != std::string::npos; slash = key.find('/', slash + 1)) {
      clash = clash || taken.contains(key.substr(0, slash));
    }
    if (clash) return fail(Code::invalid, "refused: " + quoted(name) + " appears twice in the tar");
    taken.insert(key);
    return {};
  }

  Result<void> entry(const TarEntry& entry) override {
    if (++entries > k_entries_limit) {
      return fail(Code::invalid, "refused: the tar has more than " + std::to_string(k_entries_limit) + " entries");
    }
    EAI_TRY(Components path, components_of(entry.path));
    if (entry.is_folder) {
      if (!path.empty() && !base) find_base(path, true);
      return {};
    }
    if (path.empty()) return fail(Code::invalid, "refused: the tar holds a file without a name");
    if (entry.size > rules.output_limit - output) {
      return fail(Code::invalid, "refused: " + quoted(entry.path) + " would make the model larger than the " +
                                     human_bytes(rules.output_limit) + " that are allowed");
    }
    output += entry.size;
    EAI_TRY(std::string name, name_of_file(path));
    if (name.empty()) return {};
    EAI_CHECK(take_name(name));
    open = OpenFile{{name, entry.size}, 0};
    return sink->begin_file(name, entry.size);
  }

  Result<void> body(ByteView bytes) override {
    if (!open) return {};
    EAI_CHECK(sink->data(bytes));
    open->offset += bytes.size();
    return {};
  }

  Result<void> entry_done() override {
    if (!open) return {};
    files.push_back(std::move(open->file));
    open.reset();
    return sink->end_file();
  }

  Result<void> check_end() const {
    if (!gunzip.at_end()) return fail(Code::corrupt, "the compressed data is cut off at its end");
    if (!tar.at_end()) return fail(Code::corrupt, "the tar is cut off at its end");
    const bool found = is_text(rules.task) ? taken.contains(folded(rules.folder_name)) : !files.empty();
    if (!found) return fail(Code::invalid, "the tar holds no model file " + quoted(rules.folder_name));
    return {};
  }

  Result<void> not_spent() const {
    if (!spent) return {};
    return fail(Code::invalid, "this unpacking has already failed");
  }

  void save(StateWriter& out) const;
  bool load(StateReader& in);
};

void Unpacker::State::save(StateWriter& out) const {
  out.text(k_checkpoint_tag);
  out.object(digest_of(rules));
  for (std::uint64_t value : {consumed, entries, output}) out.number(value);
  out.number(base ? 1 : 0);
  out.text(base.value_or(""));
  out.number(files.size());
  for (const UnpackedFile& file : files) {
    out.text(file.name);
    out.number(file.size);
  }
  out.number(open ? 1 : 0);
  out.text(open ? open->file.name : "");
  out.number(open ? open->file.size : 0);
  out.number(open ? open->offset : 0);
  tar.save(out);
  gunzip.save(out);
}

bool Unpacker::State::load(StateReader& in) {
  ipld::Sha256 rules_digest{};
  if (in.text() != k_checkpoint_tag) return false;
  in.object(rules_digest);
  if (rules_digest != digest_of(rules)) return false;
  consumed = in.number();
  entries = in.number();
  output = in.number();
  const bool has_base = in.number() != 0;
  std::string base_path = in.text();
  if (has_base) base = std::move(base_path);
  const std::uint64_t count = in.number();
  if (count > k_entries_limit) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    UnpackedFile file;
    file.name = in.text();
    file.size = in.number();
    taken.insert(folded(file.name));
    files.push_back(std::move(file));
  }
  const bool has_open = in.number() != 0;
  OpenFile file;
  file.file.name = in.text();
  file.file.size = in.number();
  file.offset = in.number();
  if (has_open) {
    taken.insert(folded(file.file.name));
    open = std::move(file);
  }
  return tar.load(in) && gunzip.load(in) && in.good();
}

Unpacker::Unpacker(UnpackRules rules, UnpackSink& sink) : state_(std::make_unique<State>(std::move(rules), sink)) {}
Unpacker::Unpacker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;
Unpacker::~Unpacker() = default;

Result<Unpacker> Unpacker::resume(ByteView checkpoint, UnpackRules rules, UnpackSink& sink) {
  const auto damaged = [] { return fail(Code::corrupt, "the checkpoint of the unpacking cannot be used"); };
  if (checkpoint.size() < sizeof(ipld::Sha256)) return damaged();
  const ByteView body = checkpoint.first(checkpoint.size() - sizeof(ipld::Sha256));
  const ipld::Sha256 digest = ipld::sha256(body);
  if (!std::equal(digest.begin(), digest.end(), checkpoint.subspan(body.size()).begin())) return damaged();

  auto state = std::make_unique<State>(std::move(rules), sink);
  StateReader reader(body);
  if (!state->load(reader)) return damaged();
  if (state->open) {
    EAI_CHECK(sink.resume_file(state->open->file.name, state->open->file.size, state->open->offset));
  }
  return Unpacker(std::move(state));
}

Result<void> Unpacker::feed(ByteView bytes) {
  State& s = *state_;
  EAI_CHECK(s.not_spent());
  auto result = s.gunzip.feed(bytes, [&s](ByteView plain) { return s.tar.feed(plain, s); });
  s.consumed += bytes.size();
  s.spent = !result;
  return result;
}

Result<void> Unpacker::finish() {
  EAI_CHECK(state_->not_spent());
  auto result = state_->check_end();
  state_->spent = !result;
  return result;
}

std::uint64_t Unpacker::consumed() const { return state_->consumed; }

Bytes Unpacker::checkpoint() const {
  StateWriter out;
  state_->save(out);
  Bytes bytes = out.take();
  const ipld::Sha256 digest = ipld::sha256(bytes);
  bytes.insert(bytes.end(), digest.begin(), digest.end());
  return bytes;
}

const std::vector<UnpackedFile>& Unpacker::files() const { return state_->files; }
std::optional<Unpacker::OpenFile> Unpacker::open_file() const { return state_->open; }

}  // namespace eai::model
