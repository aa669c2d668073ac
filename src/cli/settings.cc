// The tables of all sections, one after the other.
#include <algorithm>
#include <iterator>

#include "cli/config.h"
#include "cli/settings_rows.h"

namespace eai::cli {

std::span<const Setting> settings() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> all;
    for (const auto section : {server_settings, fetch_settings, engines_settings, worker_settings, list_settings,
                               status_settings, remove_settings, preserve_settings, audit_settings, estimate_settings,
                               logs_settings, image_settings, output_settings}) {
      std::ranges::move(section(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

const Setting* find_setting(std::string_view key) {
  const auto all = settings();
  const auto it = std::ranges::find(all, key, &Setting::key);
  return it == all.end() ? nullptr : &*it;
}

}  // namespace eai::cli
