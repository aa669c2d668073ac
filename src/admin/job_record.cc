#include "admin/job_record.h"

#include <boost/json.hpp>

#include "util/json_fields.h"

namespace eai::admin {

namespace json = boost::json;

std::string_view name_of(JobState state) {
  switch (state) {
    case JobState::waiting:
      return "waiting";
    case JobState::running:
      return "running";
    case JobState::paused:
      return "paused";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "";
}

std::optional<JobState> job_state_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(JobState::cancelled); ++i) {
    if (const auto state = static_cast<JobState>(i); name_of(state) == name) return state;
  }
  return std::nullopt;
}

bool has_ended(JobState state) {
  return state == JobState::done || state == JobState::failed || state == JobState::cancelled;
}

json::object to_json(const Error& error) {
  json::object out{{"code", name_of(error.code)}, {"message", error.message}};
  if (error.hint != Hint::none) out["hint"] = name_of(error.hint);
  if (!error.about.empty()) out["about"] = error.about;
  return out;
}

Error read_error(const json::object& from) {
  Error out{parse_code(text_in(from, "code")).value_or(Code::io), text_in(from, "message"),
            parse_hint(text_in(from, "hint"))};
  out.about = text_in(from, "about");
  return out;
}

json::object to_json(const JobRecord& record) {
  json::object out{{"id", record.id},
                   {"kind", record.kind},
                   {"subject", record.subject},
                   {"hash", record.hash},
                   {"state", name_of(record.state)},
                   {"created", record.created}};
  if (record.ended != 0) out["ended"] = record.ended;
  if (record.error) out["error"] = to_json(*record.error);
  if (!record.result.empty()) out["result"] = record.result;
  return out;
}

json::object kept_json(const JobRecord& record) {
  json::object out = to_json(record);
  json::object request;
  for (const auto& [name, value] : record.request) {
    if (!name.starts_with("secret")) request[name] = value;
  }
  out["request"] = std::move(request);
  return out;
}

std::optional<JobRecord> read_kept(const json::object& from) {
  JobRecord out;
  out.id = number_in(from, "id");
  out.kind = text_in(from, "kind");
  out.subject = text_in(from, "subject");
  out.hash = text_in(from, "hash");
  out.created = static_cast<std::int64_t>(number_in(from, "created"));
  out.ended = static_cast<std::int64_t>(number_in(from, "ended"));
  const auto state = job_state_of(text_in(from, "state"));
  const json::object* request = object_in(from, "request");
  if (out.id == 0 || out.kind.empty() || !state || request == nullptr) return std::nullopt;
  out.state = *state;
  out.request = *request;
  if (const json::object* error = object_in(from, "error")) out.error = read_error(*error);
  if (const json::object* result = object_in(from, "result")) out.result = *result;
  return out;
}

}  // namespace eai::admin
