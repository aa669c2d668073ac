// Why: what is known of a job without its thread: what was asked for, how it stands, and what came of it. This is what a
// client is shown, and what the next server reads when this one has ended.
// Thread: any; plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "util/result.h"

namespace eai::admin {

enum class JobState {
  waiting,  // for its turn
  running,
  paused,     // by its owner, until it is resumed
  done,       // it has a result
  failed,     // it has an error; it may be resumed
  cancelled,  // by its owner; it may be resumed
};
std::string_view name_of(JobState state);
std::optional<JobState> job_state_of(std::string_view name);
// Nothing more happens unless it is resumed.
bool has_ended(JobState state);

struct JobRecord {
  std::uint64_t id = 0;         // from 1 on, never used twice
  boost::json::object request;  // as it came
  std::string kind;             // "download"
  std::string subject;          // what the model is called
  std::string hash;             // of the model; may be empty
  JobState state = JobState::waiting;
  std::int64_t created = 0, ended = 0;  // seconds since 1970; 0: not yet
  std::optional<Error> error = {};      // of a failed one
  boost::json::object result = {};      // of one that is done
};

// An error with its code, its hint and what it is about, and back.
boost::json::object to_json(const Error& error);
Error read_error(const boost::json::object& from);

// For clients: everything but the request.
boost::json::object to_json(const JobRecord& record);

// For the file. Names of the request that begin with "secret" are left out: they are worth more than a job.
boost::json::object kept_json(const JobRecord& record);
// Nothing: it is no record.
std::optional<JobRecord> read_kept(const boost::json::object& from);

}  // namespace eai::admin
