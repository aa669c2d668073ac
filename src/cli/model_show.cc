// `eai show`: what a model is, what it needs, and where it comes from.
#include <algorithm>
#include <ctime>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/model_facts.h"
#include "cli/serving.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::size_t k_label_width = 16;

void print_facts(Output& out, const std::vector<ShownFact>& facts) {
  for (const auto& [label, text] : facts) {
    if (text.empty()) continue;
    out.line("  " + out.styled(Style::dim, label) + std::string(k_label_width - label.size(), ' ') + text);
  }
}

void print(const ModelFacts& facts, Output& out) {
  out.line(out.styled(Style::bold, facts.label));
  print_facts(out, shown_facts(facts));
  if (facts.stored == nullptr) return;
  std::vector<std::vector<std::string>> rows;
  for (const model::PartEntry& part : facts.stored->metadata.files)
    rows.push_back({part.file_name, human_bytes(part.size), part.cid.str()});
  out.table({facts.stored->metadata.format == model::Format::archive ? "PART" : "FILE", "SIZE", "CID"}, rows, 0);
}

// Only the text itself, so that it can be piped into a file.
Result<void> print_template(const ModelFacts& facts, Output& out) {
  const std::string text = facts.estimate ? facts.estimate->found.info.chat_template : std::string();
  if (text.empty()) return fail(Code::not_found, facts.label + " has no chat template");
  out.event(boost::json::object{{"hash", facts.id.str()}, {"name", facts.label}, {"template", text}});
  out.line(text);
  return {};
}

}  // namespace

Result<int> model_show(Context& context) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked,
          library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  if (asked.empty()) return fail(Code::invalid, "say which model to show; `eai model list --all` lists names");
  context.out.begin_page();  // until the end
  for (const library::Asked& one : asked) {
    EAI_TRY(const ModelFacts facts, facts_of(library, one, serve_settings(context.config)));
    if (context.config.show.chat_template) {
      EAI_CHECK(print_template(facts, context.out));
    } else if (context.out.json()) {
      context.out.event(json_of_facts(facts));
    } else {
      print(facts, context.out);
      if (!facts.why_no_estimate.empty()) context.out.note(facts.why_no_estimate);
    }
  }
  return 0;
}

}  // namespace eai::cli
