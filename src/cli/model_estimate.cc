// `eai model estimate`: what a model will take here, before anything is started.
#include <boost/json.hpp>

#include "cli/plan.h"
#include "engine/kind.h"
#include "engine/llama_launch.h"
#include "engine/measured.h"
#include "engine/pool.h"
#include "engine/worker.h"
#include "store/file_names.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::uint32_t k_least_context_offered = 2048;

struct Subject {
  std::string name;
  engine::ModelSpec spec;
};

// Opening a pipe or a device could wait for ever.
Result<void> check_is_file(const fs::path& path) {
  std::error_code wrong;
  const fs::file_status status = fs::status(path, wrong);
  if (status.type() == fs::file_type::not_found)
    return fail(Code::not_found, "there is no file " + printable(path.string()));
  if (wrong) return fail_errno(printable(path.string()), wrong.value());
  if (fs::is_regular_file(status)) return {};
  return fail(Code::invalid, printable(path.string()) + " is not a file; name the GGUF file itself");
}

Result<Subject> file_subject(const std::string& word, const Config& config) {
  EAI_CHECK(check_is_file(word));
  EAI_TRY(const model::GgufInfo info, engine::read_gguf_file(word));
  if (info.split_count > 1) {
    return fail(Code::unsupported, printable(word) + " is one of " + std::to_string(info.split_count) +
                                       " pieces of a model; join them first (llama-gguf-split --merge)");
  }
  Subject out{printable(fs::path(word).filename().string()), {}};
  out.spec.gguf = word;
  out.spec.context_length = static_cast<std::uint32_t>(config.server.context_length);
  out.spec.parallel = static_cast<std::uint32_t>(config.server.parallel);
  EAI_TRY(out.spec.workers, engine::parse_workers(config.engines.workers));
  const bool embeds = info.pooling.value_or(0) != 0 || !info.causal;
  out.spec.task = embeds ? model::Task::embed : model::Task::chat;
  if (!config.estimate.projector.empty()) {
    EAI_CHECK(check_is_file(config.estimate.projector));
    out.spec.projector = config.estimate.projector;
  }
  return out;
}

Result<Subject> stored_subject(const Library& library, const Asked& asked, const Config& config) {
  const store::Model* model = library.stored(asked.id);
  if (model == nullptr) {
    return fail(Code::not_found, asked.label + " is not here; `eai model download " + asked.label +
                                     "` brings it, and a GGUF file anywhere can be named by its path");
  }
  if (!config.estimate.projector.empty()) {
    return fail(Code::invalid, "--projector goes with a GGUF file; " + asked.label + " has its own if it sees");
  }
  EAI_TRY(engine::ModelSpec spec, spec_of(library, config, *model));
  return Subject{asked.label, std::move(spec)};
}

Result<std::vector<Subject>> subjects_of(Context& context) {
  std::vector<Subject> out;
  Words others = context.words;
  others.models.clear();
  for (const std::string& word : context.words.models) {
    if (!names_file(word)) {
      others.models.push_back(word);
      continue;
    }
    EAI_TRY(Subject subject, file_subject(word, context.config));
    out.push_back(std::move(subject));
  }
  // A store is not made for a look at a file outside it.
  if (!others.models.empty() || !others.hashes.empty()) {
    EAI_TRY(const Library library, Library::open(context));
    EAI_TRY(const std::vector<Asked> asked, resolve_all(library, others));
    for (const Asked& one : asked) {
      EAI_TRY(Subject subject, stored_subject(library, one, context.config));
      out.push_back(std::move(subject));
    }
  }
  if (out.empty()) return fail(Code::invalid, "say which model: a name, a hash, or the path of a GGUF file");
  return out;
}

struct Estimate {
  engine::Inspection found;
  std::optional<std::uint64_t> measured;  // bytes, the peak seen here with the same context
  engine::Budget budget;
  std::uint64_t need() const { return measured.value_or(found.memory.total()); }
  bool fits() const { return budget.fits(need()); }
};

std::vector<engine::Device> devices_here(const Context& context) {
  const auto engines = find_engines(context.config.engines, context.folders);
  return engines ? devices_of(*engines) : std::vector<engine::Device>();
}

Result<Estimate> estimate(const Context& context, Subject& subject) {
  Estimate out;
  engine::PoolOptions options;
  options.memory_budget = context.config.server.memory_limit.bytes;
  options.devices = devices_here(context);
  out.budget = engine::budget_of(options);
  auto found = engine::kind_of(subject.spec.task).inspect(subject.spec, options.devices);
  if (!found) return Failure(std::move(found).error().with(subject.name));
  out.found = *std::move(found);
  const engine::Measured measured(store::HomePaths{context.folders.home}.measured());
  if (!subject.spec.id.empty() && !out.budget.on_device)
    out.measured = measured.peak(engine::Measured::key_of(subject.spec, out.found.launch));
  return out;
}

// The largest context, by halving, with which it would fit; 0: none.
std::uint32_t context_that_fits(engine::ModelSpec spec, const Estimate& estimate) {
  for (std::uint32_t length = estimate.found.launch.context / 2; length >= k_least_context_offered; length /= 2) {
    spec.context_length = length;
    const auto smaller = engine::kind_of(spec.task).inspect(spec, {});
    if (smaller && estimate.budget.fits(smaller->memory.total())) return length;
  }
  return 0;
}

struct Line {
  std::string_view key, label;
  std::uint64_t bytes;
  std::string why;
};

std::vector<Line> lines_of(const Estimate& estimate) {
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

void print(const Subject& subject, const Estimate& estimate, Output& out) {
  out.line(out.styled(Style::bold, subject.name));
  for (const Line& line : lines_of(estimate)) {
    if (line.bytes > 0) print_line(out, line.label, line.bytes, line.why, Style::plain);
  }
  print_line(out, "total", estimate.found.memory.total(), "", Style::bold);
  if (!estimate.found.memory.note.empty()) out.line("  " + estimate.found.memory.note);
  if (estimate.measured) {
    print_line(out, "measured", *estimate.measured, "highest seen on this machine; counts instead", Style::bold);
  }
  print_line(out, "budget", estimate.budget.bytes, estimate.budget.source, Style::plain);
  if (estimate.fits() && estimate.need() > estimate.budget.bytes) {
    out.line("  " + out.styled(Style::yellow, "fits") + ", with " +
             human_bytes(estimate.need() - estimate.budget.bytes) + " of it in RAM, which is slower");
  } else if (estimate.fits()) {
    out.line("  " + out.styled(Style::green, "fits") + ", with " +
             human_bytes(estimate.budget.bytes - estimate.need()) + " to spare");
  } else {
    const std::uint32_t length = context_that_fits(subject.spec, estimate);
    out.line("  " + out.styled(Style::red, "does not fit") + ": " +
             human_bytes(estimate.need() - estimate.budget.bytes) + " too much" +
             (length > 0 ? "; with --context-length " + std::to_string(length) + " it would" : ""));
  }
  const std::uint64_t trained = estimate.found.info.context_length;
  if (trained > 0 && estimate.found.launch.context > trained) {
    out.note(subject.name + " was trained for " + std::to_string(trained) +
             " tokens; beyond that its answers get worse");
  }
}

json::object to_json(const Subject& subject, const Estimate& estimate) {
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
    out["file"] = printable(subject.spec.gguf.string(), 4096);
  } else {
    out["hash"] = subject.spec.id;
  }
  if (!estimate.found.memory.note.empty()) out["note"] = estimate.found.memory.note;
  if (estimate.measured) out["measured"] = *estimate.measured;
  return out;
}

}  // namespace

Result<int> model_estimate(Context& context) {
  EAI_TRY(std::vector<Subject> subjects, subjects_of(context));
  for (Subject& subject : subjects) {
    EAI_TRY(const Estimate found, estimate(context, subject));
    if (context.out.json()) {
      context.out.event(to_json(subject, found));
    } else {
      print(subject, found, context.out);
    }
  }
  return 0;
}

}  // namespace eai::cli
