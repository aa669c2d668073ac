// `eai ps`: what is loaded now.
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/server_status.h"
#include "util/error_map.h"
#include "util/json_fields.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// Whether it takes memory.
bool is_loaded(const json::object& model) {
  const std::string state = text_in(model, "state");
  return state != "absent" && state != "cooling";
}

std::string idle_for(const json::object& model) {
  return number_in(model, "leases") > 0 ? "answering" : time_since_field(model, "last_used");
}

std::vector<std::string> row_of(const json::object& model, const std::string& main_model) {
  const std::string hash = text_in(model, "hash");
  const std::uint64_t context = number_in(model, "context_length");
  return {text_in(model, "name") + (hash == main_model ? " (main)" : ""),
          bytes_of_field(model, "memory_now"),
          context == 0 ? "-" : std::to_string(context),
          text_in(model, "state"),
          time_since_field(model, "ready_since"),
          idle_for(model),
          hash};
}

}  // namespace

Result<int> model_ps(Context& context) {
  EAI_TRY(const auto server, library::running_server(context.folders));
  if (!server) {
    context.out.event(json::object{{"running", false}});
    context.out.line("no server is running; `eai model run <name>` starts one");
    return face_of(Code::not_found).exit_status;
  }
  EAI_TRY(const json::object told, ask_status(context.folders));
  json::object all = json_of_status(*server, told);
  json::array loaded;
  std::vector<std::vector<std::string>> rows;
  for (const json::value& model : all.at("models").as_array()) {
    if (!is_loaded(model.as_object())) continue;
    loaded.push_back(model);
    rows.push_back(row_of(model.as_object(), server->main_model));
  }
  all["models"] = std::move(loaded);
  context.out.event(all);
  if (context.out.json()) return 0;
  if (rows.empty()) {
    context.out.note("No model is loaded. The server loads one when it is asked for.");
  } else {
    context.out.table({"NAME", "MEMORY", "CONTEXT", "STATE", "LOADED FOR", "IDLE FOR", "HASH"}, rows, 6);
  }
  return 0;
}

}  // namespace eai::cli
