#include "cli/job_results.h"

#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "cli/preserve_words.h"
#include "util/error_map.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

std::string bytes_in(const json::object& from, std::string_view name) { return human_bytes(number_in(from, name)); }

int tell_download(const json::object& result, Output& out) {
  out.line(text_in(result, "name") + (truth_in(result, "was_here") ? " is already here: " : " is here and verified: ") +
           bytes_in(result, "bytes") + ", " + text_in(result, "hash"));
  return 0;
}

int tell_check(const json::object& result, Output& out) {
  const std::string name = text_in(result, "name");
  if (truth_in(result, "good")) {
    out.line(out.styled(Style::green, "good") + "     " + name + "  " + bytes_in(result, "bytes"));
    return 0;
  }
  out.line(out.styled(Style::red, "damaged") + "  " + name + "  " + printable(text_in(result, "why"), 400));
  out.note("`eai model repair " + name + "` fetches what is damaged.");
  return face_of(Code::corrupt).exit_status;
}

int tell_repair(const json::object& result, Output& out) {
  const std::string name = text_in(result, "name");
  if (!truth_in(result, "was_damaged")) {
    out.line(out.styled(Style::green, "good") + "      " + name + "  " + bytes_in(result, "bytes"));
    return 0;
  }
  out.line(out.styled(Style::green, "repaired") + "  " + name + "  " + bytes_in(result, "fetched") + " of " +
           bytes_in(result, "bytes") + " fetched");
  if (!truth_in(result, "by_leaves"))
    out.note("It came as an archive, of which single parts cannot be mended, so all of it was fetched again.");
  return 0;
}

}  // namespace

json::object result_of(const library::Asked& asked, const store::Model& model, bool was_here) {
  return {{"event", "done"},      {"hash", asked.id.str()}, {"name", asked.label},
          {"was_here", was_here}, {"bytes", model.size()},  {"folder", model.folder.string()}};
}

json::object result_of(const library::Asked& asked, const library::Checked& checked) {
  json::object out{{"event", "checked"},
                   {"hash", asked.id.str()},
                   {"name", asked.label},
                   {"good", !checked.damage},
                   {"bytes", checked.bytes}};
  if (checked.damage) out["why"] = words_of(*checked.damage);
  return out;
}

json::object result_of(const library::Asked& asked, const library::Repaired& repaired) {
  return {{"event", "repaired"},
          {"hash", asked.id.str()},
          {"name", asked.label},
          {"was_damaged", repaired.was_damaged},
          {"by_leaves", repaired.by_leaves},
          {"bytes", repaired.bytes},
          {"here", repaired.here},
          {"fetched", repaired.fetched}};
}

int tell_result(std::string_view kind, const json::object& result, Output& out) {
  if (kind == k_preserve) {
    tell_preserved(result, out);
    return tell_failures(result, out);
  }
  out.event(result);
  if (kind == k_check) return tell_check(result, out);
  if (kind == k_repair) return tell_repair(result, out);
  return tell_download(result, out);
}

Look look_of(std::string_view kind) {
  if (kind == k_preserve) return preserve_look();
  return kind == k_check ? model_look() : download_look();
}

}  // namespace eai::cli
