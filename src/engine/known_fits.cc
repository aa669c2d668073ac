#include "engine/known_fits.h"

#include <algorithm>

#include <boost/json.hpp>

#include "util/kept_object.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint64_t k_fits_limit = 4 * k_mib;

std::string text_in(const boost::json::object& object, std::string_view key) {
  const auto* field = object.if_contains(key);
  return field != nullptr && field->is_string() ? std::string(field->get_string()) : std::string();
}

}  // namespace

std::string stamp_of(const fs::path& program) {
  std::error_code error;
  const auto size = fs::file_size(program, error);
  if (error) return {};
  const auto changed = fs::last_write_time(program, error);
  if (error) return {};
  return std::to_string(size) + "-" + std::to_string(static_cast<std::int64_t>(changed.time_since_epoch().count()));
}

KnownFits::KnownFits(const fs::path& file) {
  for (const auto& [key, entry] : read_kept_object(file, k_fits_limit))
    if (entry.is_object()) note(key, {text_in(entry.get_object(), "engine"), text_in(entry.get_object(), "fit")});
}

KnownFit KnownFits::find(const std::string& key, const std::string& engine) const {
  const auto found = std::ranges::find(fits_, key, &std::pair<std::string, KnownFit>::first);
  return found != fits_.end() && found->second.engine == engine ? found->second : KnownFit{engine, {}};
}

bool KnownFits::note(const std::string& key, const KnownFit& fit) {
  const auto found = std::ranges::find(fits_, key, &std::pair<std::string, KnownFit>::first);
  if (found == fits_.end() ? fit.text.empty() : found->second == fit) return false;
  if (found != fits_.end()) fits_.erase(found);
  if (!fit.text.empty()) fits_.emplace_back(key, fit);
  if (fits_.size() > k_most_fits) fits_.erase(fits_.begin());
  return true;
}

Result<void> KnownFits::write(const fs::path& file) const {
  boost::json::object object;
  for (const auto& [key, fit] : fits_) object[key] = boost::json::object{{"engine", fit.engine}, {"fit", fit.text}};
  return write_file_atomic(file, view_of(boost::json::serialize(object) + "\n"));
}

Result<void> KnownFits::save(const fs::path& file, const std::string& key, const KnownFit& fit) {
  KnownFits now(file);
  return now.note(key, fit) ? now.write(file) : Result<void>();
}

Result<void> KnownFits::forget(const fs::path& file, const std::string& id) {
  KnownFits now(file);
  const auto is_of_it = [&](const auto& entry) { return entry.first.starts_with(id + "/"); };
  return std::erase_if(now.fits_, is_of_it) > 0 ? now.write(file) : Result<void>();
}

}  // namespace eai::engine
