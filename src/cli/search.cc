// `eai search`
#include "library/search.h"

#include <boost/json.hpp>

#include "cli/commands.h"
#include "library/plan.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using library::Presence;
using library::Room;

struct Find {
  library::Candidate model;
  Room room = Room::unknown;
};

std::string_view presence_name(Presence presence) {
  switch (presence) {
    case Presence::here:
      return "here";
    case Presence::damaged:
      return "damaged";
    case Presence::newer:
      return "newer";
    case Presence::unfinished:
      return "unfinished";
    case Presence::absent:
      return "not here";
  }
  return "";
}

std::string_view room_name(Room room) {
  switch (room) {
    case Room::unknown:
      return "unknown";
    case Room::enough:
      return "enough";
    case Room::for_shorter_context:
      return "for_shorter_context";
    case Room::too_small:
      return "too_small";
  }
  return "";
}

std::string state_of(const Find& find) {
  std::string out(presence_name(find.model.presence));
  if (find.room == Room::too_small) out += ", too large for this machine";
  if (find.room == Room::for_shorter_context) out += ", with a shorter context";
  return out;
}

std::string bytes_or_dash(std::uint64_t bytes) { return bytes == 0 ? "-" : human_bytes(bytes); }

json::object to_json(const Find& find) {
  const library::Candidate& model = find.model;
  json::object out{{"name", model.name}, {"hash", model.id.str()}, {"state", presence_name(model.presence)}};
  out["task"] = model.task ? json::value(name_of(*model.task)) : json::value();
  out["size"] = model.size == 0 ? json::value() : json::value(model.size);
  out["ram"] = model.ram == 0 ? json::value() : json::value(model.ram);
  out["room"] = room_name(find.room);
  out["here"] = model.presence == Presence::here;
  out["aliases"] = json::array(model.aliases.begin(), model.aliases.end());
  return out;
}

Failure nothing_found(const std::vector<library::Candidate>& candidates, const std::vector<std::string>& words) {
  std::string message = "no model has ";
  for (const std::string& word : words)
    message +=
        (&word == words.data() ? "\"" : "and \"") + printable(word, 60) + "\"" + (&word == &words.back() ? "" : " ");
  const std::vector<std::string> near = names_like(candidates, words);
  if (!near.empty()) message += "; did you mean ";
  for (std::size_t i = 0; i < near.size(); ++i)
    message += (i == 0 ? "" : i + 1 == near.size() ? " or " : ", ") + printable(near[i], 60);
  return fail(Code::not_found, message + (near.empty() ? "" : "?"), Hint::list_names);
}

void print_table(const std::vector<Find>& finds, Output& out) {
  std::vector<std::vector<std::string>> rows;
  for (const Find& find : finds) {
    const library::Candidate& model = find.model;
    rows.push_back({model.name, bytes_or_dash(model.size), bytes_or_dash(model.ram),
                    model.task ? std::string(name_of(*model.task)) : "-", state_of(find)});
  }
  out.table({"NAME", "SIZE", "RAM", "TASK", "STATE"}, rows, 0);
}

}  // namespace

Result<int> search(Context& context) {
  const std::vector<std::string>& words = context.words.list;
  if (context.words.text.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(Code::invalid, "say what to search for, such as a part of a name or a task: eai search qwen3 embed");
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  const auto candidates = library::candidates_of(library);
  auto found = library::search(candidates, words);
  if (found.empty()) return nothing_found(candidates, words);
  // What the settings say of engines must not keep anybody from searching.
  const auto engines = library::find_engines(context.config.engines, context.folders);
  const auto devices = engines ? library::devices_of(*engines) : std::vector<engine::Device>();
  const engine::Budget budget = engine::find_budget(devices);
  std::vector<Find> finds;
  for (library::Candidate& one : found) {
    const Room room = room_for(one, budget);
    finds.push_back({std::move(one), room});
  }
  if (!context.out.json()) {
    print_table(finds, context.out);
    return 0;
  }
  json::array models;
  for (const Find& find : finds) models.push_back(to_json(find));
  context.out.event(json::object{{"models", std::move(models)}});
  return 0;
}

}  // namespace eai::cli
