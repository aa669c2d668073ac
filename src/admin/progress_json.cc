#include "admin/progress_json.h"

#include <boost/json.hpp>

#include "util/json_fields.h"

namespace eai::admin {
namespace {

namespace json = boost::json;
using library::PeerProgress;
using library::Progress;

void add_seconds(json::object& to, std::string_view name, const std::optional<std::chrono::seconds>& time) {
  if (time) to[name] = time->count();
}

std::optional<std::chrono::seconds> seconds_in(const json::object& from, std::string_view name) {
  const auto number = known_number_in(from, name);
  return number ? std::optional(std::chrono::seconds(*number)) : std::nullopt;
}

json::object to_json(const PeerProgress& peer) {
  json::object out{{"name", peer.name},
                   {"bytes", peer.done},
                   {"total", peer.total},
                   {"in_flight", peer.in_flight},
                   {"bytes_per_second", peer.bytes_per_second},
                   {"trouble", peer.trouble},
                   {"begun", peer.begun}};
  add_seconds(out, "seconds_left", peer.time_left);
  add_seconds(out, "wait_seconds", peer.wait);
  return out;
}

PeerProgress read_peer(const json::object& from) {
  PeerProgress out;
  out.name = text_in(from, "name");
  out.done = number_in(from, "bytes");
  out.total = number_in(from, "total");
  out.in_flight = number_in(from, "in_flight");
  out.bytes_per_second = real_in(from, "bytes_per_second");
  out.trouble = text_in(from, "trouble");
  out.begun = truth_in(from, "begun");
  out.time_left = seconds_in(from, "seconds_left");
  out.wait = seconds_in(from, "wait_seconds");
  return out;
}

}  // namespace

json::object to_json(const Progress& progress) {
  json::array peers;
  for (const PeerProgress& peer : progress.peers) peers.push_back(to_json(peer));
  json::object out{{"subject", progress.subject},
                   {"hash", progress.hash},
                   {"phase", name_of(progress.phase)},
                   {"verified", progress.done},
                   {"total", progress.total},
                   {"received", progress.received},
                   {"bytes_per_second", progress.bytes_per_second},
                   {"sources", std::move(peers)}};
  add_seconds(out, "seconds_left", progress.time_left);
  add_seconds(out, "network_awaited", progress.network_awaited);
  return out;
}

Result<Progress> read_progress(const json::object& from) {
  const auto phase = library::phase_of(text_in(from, "phase"));
  if (!phase) return fail(Code::invalid, "this progress of a job has no phase that is known here");
  Progress out;
  out.subject = text_in(from, "subject");
  out.hash = text_in(from, "hash");
  out.phase = *phase;
  out.done = number_in(from, "verified");
  out.total = number_in(from, "total");
  out.received = number_in(from, "received");
  out.bytes_per_second = real_in(from, "bytes_per_second");
  out.time_left = seconds_in(from, "seconds_left");
  out.network_awaited = seconds_in(from, "network_awaited");
  const json::value* peers = from.if_contains("sources");
  if (peers == nullptr || !peers->is_array()) return out;
  for (const json::value& peer : peers->get_array()) {
    if (const json::object* one = peer.if_object()) out.peers.push_back(read_peer(*one));
  }
  return out;
}

json::object to_json(const library::Note& note) { return {{"text", note.text}, {"hint", name_of(note.hint)}}; }

library::Note read_note(const json::object& from) { return {text_in(from, "text"), parse_hint(text_in(from, "hint"))}; }

}  // namespace eai::admin
