#include "engine/memory.h"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/kv_cache.h"
#include "engine/llama.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint64_t k_process_base = 13 * k_mib;
constexpr std::uint64_t k_cache_ram_least = 16 * k_mib, k_cache_ram_most = k_gib;
constexpr std::uint64_t k_measured_limit = k_mib;
constexpr std::uint64_t k_to_and_fro = 64 * k_mib;
constexpr std::uint64_t k_spare_least = 512 * k_mib;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

std::uint64_t process_bytes(const model::GgufInfo& info) {
  // The vocabulary's pieces, with their maps, take about 160 bytes each in the engine.
  return plus(k_process_base, std::min<std::uint64_t>(info.vocabulary, 4'000'000) * 160);
}

// The projector computes one picture at a time; its buffers are near half of its weights, at least these.
std::uint64_t projector_bytes(const model::GgufInfo& projector) {
  return plus(projector.tensor_bytes, std::max<std::uint64_t>(projector.tensor_bytes / 4, 8 * k_mib));
}

Result<model::GgufInfo> header(const fs::path& path, std::string_view role) {
  auto info = read_gguf_file(path);
  if (!info) return Failure(std::move(info).error().with(role));
  info->tensors.clear();
  return std::move(*info);
}

// Layers, context and the buffers of a step lie with the workers; here stay the table of the vocabulary's vectors and what
// goes to and fro.
void leave_to_workers(Inspection& found, std::size_t workers) {
  const model::GgufInfo& info = found.info;
  const double table = static_cast<double>(info.vocabulary) * static_cast<double>(info.embedding_length);
  const double share = info.parameters == 0 ? 1 : std::min(1.0, table / static_cast<double>(info.parameters));
  found.memory.weights = static_cast<std::uint64_t>(static_cast<double>(info.tensor_bytes) * share);
  found.memory.context = 0;
  found.memory.compute = std::min(found.memory.compute, k_to_and_fro);
  found.memory.note =
      "layers and context lie with " + (workers == 1 ? std::string("a worker") : std::to_string(workers) + " workers");
}

}  // namespace

std::uint64_t MemoryEstimate::total() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : {weights, context, compute, projector, companions, prompt_cache, process})
    sum = plus(sum, part);
  return sum;
}

std::string MemoryEstimate::arithmetic(const Launch& launch) const {
  std::string text = "weights " + human_bytes(weights);
  const auto part = [&](const std::string& name, std::uint64_t bytes) {
    if (bytes > 0) text += " + " + name + " " + human_bytes(bytes);
  };
  part("context of " + std::to_string(launch.context) + " tokens", context);
  part("compute", compute);
  part("projector", projector);
  part("adapters and draft", companions);
  part("prompt cache", prompt_cache);
  part("process", process);
  return text + " = " + human_bytes(total()) + (note.empty() ? "" : "; " + note);
}

MemoryEstimate estimate_memory(const model::GgufInfo& info, const Launch& launch) {
  MemoryEstimate memory;
  memory.weights = info.tensor_bytes;
  memory.context = context_bytes(info, launch);
  memory.compute = compute_bytes(info, launch);
  memory.prompt_cache = launch.cache_ram;
  memory.process = process_bytes(info);
  return memory;
}

Result<model::GgufInfo> read_gguf_file(const fs::path& path) {
  EAI_TRY(const UniqueFd file, open_file(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_errno(path.string(), errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::invalid, path.string() + " is not a file");
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    return read_at(file.get(), offset, into);
  };
  auto gguf = model::read_gguf(read, static_cast<std::uint64_t>(info.st_size));
  if (!gguf) return Failure(std::move(gguf).error().with(path.string()));
  return gguf;
}

Result<Inspection> inspect_model(const ModelSpec& spec) {
  Inspection found;
  EAI_TRY(found.info, header(spec.gguf, "the model's file"));
  if (found.info.is_projector) return fail(Code::invalid, spec.gguf.string() + " is an image projector, not a model");
  found.launch = plan_launch(spec, found.info);
  const std::uint64_t cache = context_bytes(found.info, found.launch) / 2;
  const bool chats = spec.task == model::Task::chat;
  found.launch.cache_ram = chats ? std::clamp(cache, k_cache_ram_least, k_cache_ram_most) / k_mib * k_mib : 0;
  if (const auto given = parse_u64(value_of(spec.extra_arguments, "--cache-ram")); given && *given < (1U << 24))
    found.launch.cache_ram = *given * k_mib;
  found.memory = estimate_memory(found.info, found.launch);
  if (!spec.workers.empty()) leave_to_workers(found, spec.workers.size());
  if (spec.projector) {
    EAI_TRY(const auto projector, header(*spec.projector, "the projector's file"));
    if (!projector.is_projector) return fail(Code::invalid, spec.projector->string() + " is not an image projector");
    found.sees = projector.sees;
    found.memory.projector = projector_bytes(projector);
  }
  for (const Adapter& adapter : spec.adapters) {
    EAI_TRY(const auto info, header(adapter.gguf, "an adapter's file"));
    found.memory.companions = plus(found.memory.companions, info.tensor_bytes);
  }
  if (spec.draft) {
    EAI_TRY(const auto info, header(*spec.draft, "the draft model's file"));
    const MemoryEstimate draft = estimate_memory(info, found.launch);
    for (const std::uint64_t part : {draft.weights, draft.context, draft.compute})
      found.memory.companions = plus(found.memory.companions, part);
  }
  return found;
}

std::uint64_t needed_bytes(const MemoryEstimate& estimate, std::uint64_t own, std::uint64_t mapped) {
  const std::uint64_t weights = plus(plus(estimate.weights, estimate.projector), estimate.companions);
  const std::uint64_t rest = estimate.total() - std::min(estimate.total(), weights);
  const std::uint64_t copied = std::min(own - std::min(own, rest), weights);
  return own + mapped - std::min(mapped, copied);
}

std::optional<std::uint64_t> cgroup_limit(const fs::path& root, std::string_view membership) {
  std::optional<std::uint64_t> least;
  const auto consider = [&](const fs::path& file) {
    const auto bytes = read_file(file, 64);
    if (!bytes) return;
    std::string_view text = text_of(*bytes);
    if (text.ends_with('\n')) text.remove_suffix(1);
    // "max", or version 1's huge number, is no limit.
    const auto limit = parse_u64(text);
    if (limit && *limit < (std::uint64_t{1} << 60) && (!least || *limit < *least)) least = *limit;
  };
  // One line per hierarchy: "0::/path" is version 2, "4:memory:/path" version 1's memory controller.
  while (!membership.empty()) {
    const auto end = membership.find('\n');
    const std::string_view line = membership.substr(0, end);
    membership.remove_prefix(end == std::string_view::npos ? membership.size() : end + 1);
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool version2 = controllers.empty(), memory = controllers == "memory";
    if (!version2 && !memory) continue;
    const fs::path base = memory ? root / "memory" : root;
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    while (true) {
      consider(base / group / (memory ? "memory.limit_in_bytes" : "memory.max"));
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
  return least;
}

namespace {

Budget ram_budget() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const std::uint64_t ram = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t whole = ram;
  std::string source = "RAM";
  if (const auto membership = read_file("/proc/self/cgroup", 64 * k_kib)) {
    const auto limit = cgroup_limit("/sys/fs/cgroup", text_of(*membership));
    if (limit && *limit < whole) {
      whole = *limit;
      source = "control group's limit";
    }
  }
  const std::uint64_t spare = std::min(std::max(whole / 10, k_spare_least), whole / 2);
  return {.bytes = whole - spare,
          .source = source + " " + human_bytes(whole) + " less " + human_bytes(spare) + " for the rest"};
}

// Short, and the same on every machine and in every build.
std::string digest(const std::vector<std::string>& words) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a; these are no secrets, and nobody gains by a collision
  for (const std::string& word : words)
    for (const char c : word + '\0') hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211u;
  Bytes bytes(8);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(hash), hash >>= 8;
  return to_hex(bytes);
}

}  // namespace

Budget find_budget(const std::vector<Device>& devices) {
  const Budget ram = ram_budget();
  if (devices.empty()) return ram;
  std::uint64_t whole = 0;
  std::string names;
  for (const Device& device : devices) {
    whole = plus(whole, device.memory);
    names += (names.empty() ? "" : " and ") + device.name;
  }
  const std::uint64_t spare = std::min(std::max(whole / 10, k_spare_least), whole / 2);
  return {.bytes = whole - spare,
          .source = names + " " + human_bytes(whole) + " less " + human_bytes(spare) + " for the rest",
          .on_device = true,
          .beyond = ram.bytes};
}

Measured::Measured(fs::path file) {
  const auto bytes = read_file(file, k_measured_limit);
  if (!bytes) return;
  boost::system::error_code error;
  const auto value = boost::json::parse(text_of(*bytes), error);
  if (error || !value.is_object()) return;
  for (const auto& [key, peak] : value.get_object())
    if (peak.is_int64() && peak.get_int64() > 0) peaks_[key] = static_cast<std::uint64_t>(peak.get_int64());
}

std::optional<std::uint64_t> Measured::peak(const std::string& key) const {
  const auto found = peaks_.find(key);
  return found == peaks_.end() ? std::nullopt : std::optional(found->second);
}

bool Measured::note(const std::string& key, std::uint64_t peak) {
  std::uint64_t& kept = peaks_[key];
  if (peak <= kept) return false;
  kept = peak;
  return true;
}

std::string Measured::text() const {
  boost::json::object object;
  for (const auto& [key, peak] : peaks_) object[key] = peak;
  return boost::json::serialize(object) + "\n";
}

std::string Measured::key_of(const ModelSpec& spec, const Launch& launch) {
  std::string key = spec.id + "/" + std::to_string(launch.context) + "/" + std::to_string(launch.slots) +
                    (spec.workers.empty() ? "" : "/workers");
  const auto& words = launch.engine_arguments;  // of an image model: what was done to make it fit
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--vae-tiling") key += "/tiles";
    if (words[i] == "--offload-to-cpu") key += "/offload";
    if (words[i] == "--type" && i + 1 < words.size()) key += "/" + words[i + 1];
  }
  std::vector<std::string> more = spec.extra_arguments;
  for (const Adapter& adapter : spec.adapters) {
    more.push_back(adapter.gguf.string());
    more.push_back(std::to_string(adapter.scale));
  }
  if (spec.draft) more.push_back("draft " + spec.draft->string());
  return more.empty() ? key : key + "/" + digest(more);
}

}  // namespace eai::engine
