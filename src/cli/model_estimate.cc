// `eai model estimate`: what a model will take here, before anything is started.
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/serving.h"
#include "library/estimate.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

struct Line {
  std::string_view key, label;
  std::uint64_t bytes;
  std::string why;
};

std::vector<Line> lines_of(const library::Estimate& estimate) {
  const engine::MemoryEstimate& memory = estimate.found.memory;
  const engine::Launch& launch = estimate.found.launch;
  const model::GgufInfo& info = estimate.found.info;
  std::string weights = printable(info.architecture, 40);
  if (info.block_count > 0) weights += ", " + std::to_string(info.block_count) + " layers";
  if (!info.quantization.empty()) weights += ", " + printable(info.quantization, 20);
  const std::string slots = launch.slots == 1 ? "one answer" : std::to_string(launch.slots) + " answers";
  return {
      {"weights", "weights", memory.weights, weights},
      {"context", "context", memory.context, std::to_string(launch.context) + " tokens for " + slots + " at a time"},
      {"compute", "compute", memory.compute,
       info.block_count > 0 ? "one step of " + std::to_string(launch.batch) + " tokens" : "one picture"},
      {"projector", "projector", memory.projector, "for pictures or sound"},
      {"companions", "companions", memory.companions, "adapters and draft model"},
      {"prompt_cache", "prompt cache", memory.prompt_cache, "at most; earlier prompts"},
      {"process", "process", memory.process, "the engine itself, its vocabulary"}};
}

void print_line(Output& out, std::string_view label, std::uint64_t bytes, const std::string& why, Style style) {
  std::string text = "  " + std::string(label) + std::string(14 - label.size(), ' ');
  const std::string amount = human_bytes(bytes);
  text += std::string(amount.size() < 8 ? 8 - amount.size() : 0, ' ') + amount;
  out.line(out.styled(style, text) + (why.empty() ? "" : "  " + why));
}

void print(const library::Subject& subject, const library::Estimate& estimate, Output& out) {
  out.line(out.styled(Style::bold, subject.name));
  if (!subject.understood.empty()) out.line("  " + subject.understood);
  for (const Line& line : lines_of(estimate)) {
    if (line.bytes > 0) print_line(out, line.label, line.bytes, line.why, Style::plain);
  }
  print_line(out, "total", estimate.found.memory.total(), "", Style::bold);
  if (!estimate.found.memory.note.empty()) out.line("  " + estimate.found.memory.note);
  if (estimate.measured) {
    print_line(out, "measured", *estimate.measured, "highest seen on this machine", Style::bold);
  }
  print_line(out, "budget", estimate.budget.bytes, estimate.budget.source, Style::plain);
  if (estimate.fits() && estimate.need() > estimate.budget.bytes) {
    out.line("  " + out.styled(Style::yellow, "fits") + ", with " +
             human_bytes(estimate.need() - estimate.budget.bytes) + " of it in RAM, which is slower");
  } else if (estimate.fits()) {
    out.line("  " + out.styled(Style::green, "fits") + ", with " +
             human_bytes(estimate.budget.bytes - estimate.need()) + " to spare");
  } else {
    const std::uint32_t length = estimate.context_that_fits;
    out.line("  " + out.styled(Style::red, "does not fit") + ": " +
             human_bytes(estimate.need() - estimate.budget.bytes) + " too much" +
             (length > 0 ? "; with --context-length " + std::to_string(length) + " it would fit" : ""));
  }
  const std::uint64_t trained = estimate.found.info.context_length;
  if (trained > 0 && estimate.found.launch.context > trained) {
    out.note(subject.name + " was trained for " + std::to_string(trained) +
             " tokens; beyond that, its answers get worse");
  }
}

json::object to_json(const library::Subject& subject, const library::Estimate& estimate) {
  json::object bytes;
  for (const Line& line : lines_of(estimate)) bytes[line.key] = line.bytes;
  json::object out{{"event", "estimated"},
                   {"name", subject.name},
                   {"task", model::name_of(subject.spec.task)},
                   {"context_length", estimate.found.launch.context},
                   {"parallel", estimate.found.launch.slots},
                   {"bytes", std::move(bytes)},
                   {"total", estimate.found.memory.total()},
                   {"budget", estimate.budget.bytes},
                   {"budget_source", estimate.budget.source},
                   {"fits", estimate.fits()}};
  if (subject.spec.id.empty()) {
    out["file"] = subject.spec.gguf.string();
  } else {
    out["hash"] = subject.spec.id;
  }
  if (!estimate.found.memory.note.empty()) out["note"] = estimate.found.memory.note;
  if (estimate.measured) out["measured"] = *estimate.measured;
  return out;
}

library::EstimateRequest request_of(const Context& context) {
  library::EstimateRequest out;
  for (const std::string& word : context.words.models) {
    (library::names_file(word) ? out.files : out.models).push_back(word);
  }
  out.hashes = context.words.hashes;
  out.projector = context.config.estimate.projector;
  return out;
}

}  // namespace

Result<int> model_estimate(Context& context) {
  const library::ServeSettings settings = serve_settings(context.config);
  EAI_TRY(const auto subjects, library::subjects_of(request_of(context), settings, context.folders));
  if (subjects.empty()) return fail(Code::invalid, "say which model: a name, a hash, or the path of a GGUF file");
  for (const library::Subject& subject : subjects) {
    EAI_TRY(const library::Estimate found, library::estimate(subject, settings, context.folders));
    if (context.out.json()) {
      context.out.event(to_json(subject, found));
    } else {
      print(subject, found, context.out);
    }
  }
  return 0;
}

}  // namespace eai::cli
