#include "cli/preserve_words.h"

#include <charconv>
#include <cstdlib>

#include "util/text.h"

namespace eai::cli {
namespace {

Result<std::optional<double>> parse_ram(const std::string& text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > 1e6) {
    return fail(Code::invalid, "--ram " + printable(text, 40) + " is not a number of gigabytes");
  }
  return std::optional(value);
}

}  // namespace

Result<preserve::Said> said_of(const PreserveSettings& settings) {
  preserve::Said out;
  out.config_name = settings.config_name;
  out.lora = settings.lora;
  if (!settings.task.empty()) {
    EAI_TRY(out.task, model::parse_task(settings.task));
  }
  EAI_TRY(out.ram_gb, parse_ram(settings.ram));
  return out;
}

preserve::Options preserve_options(const PreserveSettings& settings) {
  preserve::Options out;
  if (settings.layout == "fixed") out.layout = model::Layout::fixed;
  if (settings.layout == "tensor") out.layout = model::Layout::tensor;
  out.part_size = settings.zip_chunk_size * k_mib;
  out.threads = static_cast<unsigned>(settings.threads);
  out.hf_repo = settings.hf_repo;
  out.hf_file = settings.hf_file;
  out.config_name = settings.config_name;
  out.lora = settings.lora;
  out.dry_run = settings.dry_run;
  out.resume = settings.resume;
  return out;
}

fs::path as_the_shell_says(const fs::path& typed) {
  fs::path last;
  for (const fs::path& part : typed) {
    if (!part.empty() && part != ".") last = part;
  }
  const char* here = std::getenv("PWD");
  if (typed.is_absolute() || !(last.empty() || last == "..") || here == nullptr || *here != '/') return typed;
  const fs::path said = (fs::path(here) / typed).lexically_normal();
  std::error_code none;
  return fs::equivalent(said, typed, none) && !none ? said : typed;
}

}  // namespace eai::cli
