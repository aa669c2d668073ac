#include "engine/measured.h"

#include <boost/json.hpp>

#include "engine/launch.h"
#include "engine/model_spec.h"
#include "util/kept_object.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint64_t k_measured_limit = k_mib;

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

Measured::Measured(fs::path file) {
  for (const auto& [key, peak] : read_kept_object(file, k_measured_limit))
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

Result<void> Measured::write(const fs::path& file) const {
  boost::json::object object;
  for (const auto& [key, peak] : peaks_) object[key] = peak;
  return write_file_atomic(file, view_of(boost::json::serialize(object) + "\n"));
}

Result<void> Measured::save(const fs::path& file, const std::string& key, std::uint64_t peak) {
  Measured now(file);
  return now.note(key, peak) ? now.write(file) : Result<void>();
}

Result<void> Measured::forget(const fs::path& file, const std::string& id) {
  Measured now(file);
  const auto is_of_it = [&](const auto& entry) { return entry.first.starts_with(id + "/"); };
  return std::erase_if(now.peaks_, is_of_it) > 0 ? now.write(file) : Result<void>();
}

std::string Measured::key_of(const ModelSpec& spec, const Launch& launch) {
  std::string key = spec.id + "/" + std::to_string(launch.context) + "/" + std::to_string(launch.slots) +
                    (spec.workers.empty() ? "" : "/workers") + launch.variant;
  std::vector<std::string> more = spec.extra_arguments;
  for (const Adapter& adapter : spec.adapters) {
    more.push_back(adapter.gguf.string());
    more.push_back(std::to_string(adapter.scale));
  }
  if (spec.draft) more.push_back("draft " + spec.draft->string());
  return more.empty() ? key : key + "/" + digest(more);
}

}  // namespace eai::engine
