#include "admin/jobs_file.h"

#include <algorithm>

#include <boost/json.hpp>

#include "util/json_fields.h"
#include "util/kept_object.h"
#include "util/log.h"
#include "util/own_folder.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::admin {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_file_limit = 16 * k_mib;

// The next list must not replace one that a person might still want to look at.
void put_aside(const fs::path& file) {
  std::error_code none;
  if (file.empty() || !fs::exists(fs::symlink_status(file, none))) return;
  const auto folder = OwnFolder::open(file.parent_path(), Privacy::open);
  const bool done = folder && folder->put_aside(file.filename().string());
  log::error("{} cannot be read as a list of jobs; {}", file.string(),
             done ? "it was renamed to end in .1" : "it stays");
}

}  // namespace

JobsFile read_jobs_file(const fs::path& file) {
  JobsFile out;
  const json::object kept = read_kept_object(file, k_file_limit);
  if (kept.empty()) put_aside(file);
  out.next_id = std::max<std::uint64_t>(1, number_in(kept, "next_id"));
  const json::value* jobs = kept.if_contains("jobs");
  if (jobs == nullptr || !jobs->is_array()) return out;
  for (const json::value& value : jobs->get_array()) {
    const json::object* object = value.if_object();
    auto record = object == nullptr ? std::nullopt : read_kept(*object);
    if (!record) continue;
    out.next_id = std::max(out.next_id, record->id + 1);
    out.jobs.push_back(*std::move(record));
  }
  return out;
}

Result<void> write_jobs_file(const fs::path& file, const JobsFile& jobs) {
  if (file.empty()) return {};
  json::array list;
  for (const JobRecord& record : jobs.jobs) list.push_back(kept_json(record));
  const json::object object{{"next_id", jobs.next_id}, {"jobs", std::move(list)}};
  return write_file_atomic(file, view_of(shown_json(json::serialize(object)) + "\n"), 0600);
}

}  // namespace eai::admin
