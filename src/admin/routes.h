// Why: what the owner of this server may ask of its jobs, as a table of routes for the private socket.
//   GET    /eai/v1/jobs                   the list
//   POST   /eai/v1/jobs                   a new one: {"kind": "download", "model": "qwen3-1.7b", "settings": {…}}
//   GET    /eai/v1/jobs/{id}              one of them
//   DELETE /eai/v1/jobs/{id}              is dropped from the list
//   POST   /eai/v1/jobs/{id}/pause, /resume, /cancel
//   GET    /eai/v1/jobs/{id}/events       progress and notes of one until it rests, as server-sent events
//   GET    /eai/v1/events                 every job that changes, without an end
// Thread: the io_context's.
// What holds: a stream takes Last-Event-ID and goes on after that event. It never gathers more for a slow reader than
// the latest state, and says something at least every 15 seconds.
// Source: docs/api.md, "The owner's API".
#pragma once

#include <vector>

#include "admin/jobs.h"
#include "http/routes.h"

namespace eai::admin {

// The jobs must outlive the routes.
std::vector<http::Route> routes(Jobs& jobs);

}  // namespace eai::admin
