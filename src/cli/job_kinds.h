// Why: a server works on what a person would otherwise wait for: this says which function of the library each kind of job
// runs, and with which settings.
//   {"kind": "download", "model": "qwen3-1.7b", "settings": {"fetch.offline": true, "fetch.gateways": ["…"]}}
//   {"kind": "preserve", "folder": "/models/my-model", "settings": {"preserve.to": ["kubo"]},
//    "secret_keys": {"LIGHTHOUSE_API_KEY": "…"}}
// Thread: any; making the work blocks on the disk for a moment.
// What holds: without "settings" the server's own configuration counts. With it only what is in there does, each value
// under its key of config.toml and checked as an option would be. Keys of services that the request does not bring are
// looked for in the server's environment.
#pragma once

#include "admin/jobs.h"
#include "cli/commands.h"
#include "library/resolve.h"

namespace eai::cli {

// `folders` must outlive it.
admin::Jobs::Make job_maker(const Folders& folders);

// The requests of a command that was given --background, with its settings as they are.
std::vector<boost::json::object> model_jobs(const Context& context, std::string_view kind,
                                            const std::vector<library::Asked>& asked);
boost::json::object preserve_job(const Context& context, const fs::path& folder);

}  // namespace eai::cli
