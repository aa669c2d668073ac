// The rows of all sections, in one table.
#include <algorithm>
#include <iterator>

#include "cli/config.h"
#include "cli/settings_rows.h"

namespace eai::cli {

std::span<const Setting> settings() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> all;
    for (const auto section :
         {server_settings, share_settings,  fetch_settings,    engines_settings, worker_settings,   list_settings,
          show_settings,   status_settings, remove_settings,   job_settings,     download_settings, repair_settings,
          export_settings, import_settings, preserve_settings, audit_settings,   estimate_settings, logs_settings,
          image_settings,  chat_settings,   embed_settings,    doctor_settings,  bench_settings,    output_settings}) {
      std::ranges::move(section(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

std::string_view Setting::long_option() const {
  const std::string_view from = option.substr(option.find("--"));
  return from.substr(0, from.find(','));
}

const Setting* find_setting(std::string_view key) {
  const auto all = settings();
  const auto it = std::ranges::find(all, key, &Setting::key);
  return it == all.end() ? nullptr : &*it;
}

}  // namespace eai::cli
