#include "cli/model_facts.h"

#include <ctime>

#include <boost/json.hpp>

#include "library/plan.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// "1.72 billion", "450 million", "12345"
std::string count_words(std::uint64_t count) {
  constexpr std::uint64_t k_million = 1'000'000, k_billion = 1'000'000'000;
  if (count < k_million) return std::to_string(count);
  const bool large = count >= k_billion;
  const std::uint64_t hundredths = count / ((large ? k_billion : k_million) / 100);
  const std::uint64_t rest = hundredths % 100;
  std::string out = std::to_string(hundredths / 100);
  if (hundredths < 10'000) out += "." + std::string(rest < 10 ? "0" : "") + std::to_string(rest);
  return out + (large ? " billion" : " million");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string day_of(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &local)};
}

std::string origin_words(const ModelFacts& facts) {
  if (facts.stored == nullptr) return "not on this disk; `eai pull " + facts.label + "` downloads it";
  std::string out = std::string(name_of(facts.stored->origin)) + " on " + day_of(facts.stored->created);
  const model::Metadata& metadata = facts.stored->metadata;
  out += metadata.format == model::Format::archive ? ", as an archive" : ", as single files";
  if (facts.stored->trees) out += " whose leaves can each be verified";
  return out;
}

std::string fit_words(const library::Estimate& estimate) {
  const std::string of = human_bytes(estimate.need()) + " with " + std::to_string(estimate.found.launch.context) +
                         " tokens of context, of " + human_bytes(estimate.budget.bytes);
  if (estimate.fits()) return of + ": fits";
  const std::uint32_t length = estimate.context_that_fits;
  return of + ": does not fit" + (length > 0 ? "; with --context-length " + std::to_string(length) + " it would" : "");
}

std::string model_words(const model::GgufInfo& info) {
  std::vector<std::string> words;
  if (!info.architecture.empty()) words.push_back(info.architecture);
  if (info.parameters > 0) words.push_back(count_words(info.parameters) + " parameters");
  if (!info.quantization.empty()) words.push_back(info.quantization);
  if (info.block_count > 0) words.push_back(std::to_string(info.block_count) + " layers");
  if (info.expert_count > 0) words.push_back(std::to_string(info.expert_count) + " experts");
  return joined(words);
}

std::string number_words(std::uint64_t number, std::string_view unit) {
  return number == 0 ? std::string() : std::to_string(number) + " " + std::string(unit);
}

std::string repository_words(const model::Metadata& metadata) {
  return metadata.hf_repo + (metadata.hf_file.empty() ? "" : " " + metadata.hf_file);
}

json::object json_of_info(const model::GgufInfo& info) {
  return {{"architecture", info.architecture},
          {"name", info.name},
          {"parameters", info.parameters},
          {"quantization", info.quantization},
          {"context_length", info.context_length},
          {"embedding_length", info.embedding_length},
          {"layers", info.block_count},
          {"experts", info.expert_count},
          {"vocabulary", info.vocabulary},
          {"license", info.license},
          {"source", info.source},
          {"template", info.chat_template}};
}

json::object json_of_fit(const library::Estimate& estimate) {
  return {{"need", estimate.need()},
          {"budget", estimate.budget.bytes},
          {"budget_source", estimate.budget.source},
          {"context_length", estimate.found.launch.context},
          {"fits", estimate.fits()}};
}

void add_stored(json::object& to, const store::Model& model) {
  const model::Metadata& metadata = model.metadata;
  to["folder_name"] = metadata.folder_name;
  to["size"] = model.size();
  to["origin"] = name_of(model.origin);
  to["created"] = std::chrono::duration_cast<std::chrono::seconds>(model.created.time_since_epoch()).count();
  to["folder"] = model.folder.string();
  to["format"] = metadata.format == model::Format::archive ? "archive" : "unixfs";
  to["trees"] = model.trees.has_value();
  to["hf_repo"] = metadata.hf_repo;
  to["hf_file"] = metadata.hf_file;
  if (metadata.base_model) to["base_model"] = metadata.base_model->str();
  json::array files, parts;
  for (const store::StoredFile& file : model.files)
    files.push_back(json::object{{"name", file.name}, {"size", file.size}, {"sha256", to_hex(file.sha256)}});
  for (const model::PartEntry& part : metadata.files)
    parts.push_back(json::object{{"name", part.file_name}, {"size", part.size}, {"cid", part.cid.str()}});
  to["files"] = std::move(files);
  to["parts"] = std::move(parts);
}

model::Task task_of(const ModelFacts& facts) {
  return facts.stored != nullptr ? facts.stored->metadata.task : facts.known->task;
}

Result<library::Estimate> estimate_of(const library::Library& library, const ModelFacts& facts,
                                      const library::ServeSettings& settings) {
  EAI_TRY(engine::ModelSpec spec, spec_of(library, settings, *facts.stored));
  return library::estimate({facts.label, std::move(spec)}, settings, library.folders);
}

}  // namespace

Result<ModelFacts> facts_of(const library::Library& library, const library::Asked& asked,
                            const library::ServeSettings& settings) {
  ModelFacts out{.label = asked.label,
                 .id = asked.id,
                 .aliases = {},
                 .known = library.catalog.by_id(asked.id),
                 .stored = library.stored(asked.id),
                 .estimate = {},
                 .why_no_estimate = {}};
  for (const library::Alias& alias : library.catalog.aliases())
    if (alias.id == asked.id) out.aliases.push_back(alias.name);
  for (const store::Damaged& entry : library.contents.damaged) {
    if (entry.id == asked.id)
      return fail_about(asked.label, Code::corrupt, asked.label + " is damaged: " + printable(entry.why, 400),
                        Hint::repair_model);
  }
  if (out.stored == nullptr && out.known == nullptr) return library::not_here(asked, Hint::download_model);
  if (out.stored == nullptr) return out;
  auto estimate = estimate_of(library, out, settings);
  if (estimate)
    out.estimate = *std::move(estimate);
  else
    out.why_no_estimate = "What it needs is not known: " + estimate.error().message;
  return out;
}

std::vector<std::string> capabilities_of(const ModelFacts& facts) {
  std::vector<std::string> out{std::string(name_of(task_of(facts)))};
  if (facts.estimate && facts.estimate->found.sees) out.emplace_back("vision");
  if (facts.estimate && facts.estimate->found.tools) out.emplace_back("tools");
  return out;
}

std::vector<ShownFact> shown_facts(const ModelFacts& facts) {
  std::vector<ShownFact> out{
      {"hash", facts.id.str()}, {"also called", joined(facts.aliases)}, {"can", joined(capabilities_of(facts))}};
  const auto add = [&](std::string_view label, std::string text) { out.emplace_back(label, std::move(text)); };
  if (facts.estimate) {
    const model::GgufInfo& info = facts.estimate->found.info;
    add("model", model_words(info));
    add("context", number_words(info.context_length, "tokens in training"));
    add("embedding", number_words(info.embedding_length, "numbers"));
    add("license", printable(info.license));
    add("source", printable(info.source, 400));
    add("memory", fit_words(*facts.estimate));
    if (!info.chat_template.empty())
      add("template", human_bytes(info.chat_template.size()) + "; `eai show " + facts.label + " --template` prints it");
  } else if (facts.known != nullptr && facts.known->ram_gb > 0) {
    add("memory", human_bytes(static_cast<std::uint64_t>(facts.known->ram_gb * 1e9)) + " at 32768 tokens of context");
  }
  add("here", origin_words(facts));
  if (facts.stored != nullptr) {
    const model::Metadata& metadata = facts.stored->metadata;
    add("size", human_bytes(facts.stored->size()));
    add("Hugging Face", printable(repository_words(metadata)));
    add("base model", metadata.base_model ? metadata.base_model->str() : std::string());
    add("folder", facts.stored->folder.string());
  } else if (facts.known->size_gb > 0) {
    add("size", human_bytes(static_cast<std::uint64_t>(facts.known->size_gb * 1e9)));
  }
  return out;
}

json::object json_of_facts(const ModelFacts& facts) {
  json::object out{{"hash", facts.id.str()}, {"name", facts.label}, {"task", name_of(task_of(facts))}};
  const std::vector<std::string> capabilities = capabilities_of(facts);
  out["aliases"] = json::array(facts.aliases.begin(), facts.aliases.end());
  out["capabilities"] = json::array(capabilities.begin(), capabilities.end());
  out["here"] = facts.stored != nullptr;
  if (facts.stored != nullptr) add_stored(out, *facts.stored);
  if (facts.estimate) {
    out["model"] = json_of_info(facts.estimate->found.info);
    out["fit"] = json_of_fit(*facts.estimate);
  }
  if (facts.stored == nullptr) {
    out["size_gb"] = facts.known->size_gb;
    out["ram"] = facts.known->ram_gb;
  }
  return out;
}

}  // namespace eai::cli
