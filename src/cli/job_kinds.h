// Why: a server works on what a person would otherwise wait for: this says which function of the library each kind of job
// runs, and with which settings.
//   {"kind": "download", "model": "qwen3-1.7b", "settings": {"fetch.offline": true, "fetch.gateways": ["…"]}}
// Thread: any; making the work blocks on the disk for a moment.
// What holds: without "settings" the server's own configuration counts. With it only what is in there does, each value
// under its key of config.toml and checked as an option would be.
#pragma once

#include "admin/jobs.h"
#include "cli/commands.h"

namespace eai::cli {

// `folders` must outlive it.
admin::Jobs::Make job_maker(const Folders& folders);

// The request for a command that was given --background, with the settings of [fetch] as they are for it.
boost::json::object job_request(const Context& context, std::string_view kind, const std::string& model);

}  // namespace eai::cli
