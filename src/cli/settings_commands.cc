// The sections that have only a few rows.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> list_settings() {
  using S = ListSettings;
  const Rows<S> in(&Config::list);
  return {
      in.flag("list.all", "EAI_LIST_ALL", "--all", &S::all,
              "Also list models that are known by name but are not on this disk"),
  };
}

std::vector<Setting> show_settings() {
  using S = ShowSettings;
  const Rows<S> in(&Config::show);
  return {
      in.flag("show.template", "EAI_SHOW_TEMPLATE", "--template", &S::chat_template,
              "Print the model's chat template, and nothing else"),
  };
}

std::vector<Setting> status_settings() {
  using S = StatusSettings;
  const Rows<S> in(&Config::status);
  return {
      in.flag("status.watch", "EAI_STATUS_WATCH", "-w,--watch", &S::watch, "Refresh every second until Ctrl-C"),
  };
}

std::vector<Setting> remove_settings() {
  using S = RemoveSettings;
  const Rows<S> in(&Config::remove);
  return {
      in.flag("remove.force", "EAI_REMOVE_FORCE", "--force", &S::force,
              "Remove a model even if the running server serves it"),
  };
}

std::vector<Setting> job_settings() {
  using S = JobSettings;
  const Rows<S> in(&Config::job);
  return {
      in.flag("job.background", "EAI_BACKGROUND", "--background", &S::background,
              "Let the server do it, and come back at once; `eai jobs` shows how it goes"),
  };
}

std::vector<Setting> download_settings() {
  using S = DownloadSettings;
  const Rows<S> in(&Config::download);
  return {
      in.flag("download.dry_run", "EAI_DOWNLOAD_DRY_RUN", "--dry-run", &S::dry_run,
              "Find out how many bytes are missing on this disk, and fetch none of them"),
  };
}

std::vector<Setting> export_settings() {
  using S = ExportSettings;
  const Rows<S> in(&Config::export_to);
  return {
      in.text("export.output", "EAI_EXPORT_OUTPUT", "-o,--output", &S::output,
              "A CAR file to write, a folder of blocks, or - for the standard output", {.value_name = "PATH"}),
  };
}

std::vector<Setting> import_settings() {
  using S = ImportSettings;
  const Rows<S> in(&Config::import_from);
  return {
      in.text("import.name", "EAI_IMPORT_NAME", "--name", &S::name, "What a model that comes as GGUF files is called",
              {.value_name = "NAME", .usual = "as its file"}),
      in.text("import.projector", "EAI_IMPORT_PROJECTOR", "--projector", &S::projector,
              "The image projector that goes with a GGUF file", {.value_name = "FILE"}),
      in.flag("import.copy", "EAI_IMPORT_COPY", "--copy", &S::copy,
              "Copy GGUF files that can neither be linked nor share their blocks"),
  };
}

std::vector<Setting> repair_settings() {
  using S = RepairSettings;
  const Rows<S> in(&Config::repair);
  return {
      in.flag("repair.all", "EAI_REPAIR_ALL", "--all", &S::all, "Repair every model that is damaged"),
  };
}

std::vector<Setting> estimate_settings() {
  using S = EstimateSettings;
  const Rows<S> in(&Config::estimate);
  return {
      in.text("estimate.projector", "EAI_PROJECTOR", "--projector", &S::projector,
              "The image projector that goes with a GGUF file", {.value_name = "FILE"}),
  };
}

std::vector<Setting> logs_settings() {
  using S = LogSettings;
  const Rows<S> in(&Config::logs);
  return {
      in.flag("logs.follow", "EAI_LOGS_FOLLOW", "-f,--follow", &S::follow, "Keep printing new lines until Ctrl-C"),
      in.number("logs.lines", "EAI_LOGS_LINES", "-n,--lines", &S::lines, "How many of the last lines to print first",
                {.highest = 1000000}),
  };
}

std::vector<Setting> embed_settings() {
  using S = EmbedSettings;
  const Rows<S> in(&Config::embed);
  return {
      in.text("embed.file", "EAI_EMBED_FILE", "--file", &S::file, "A file of texts, one a line; - is standard input",
              {.value_name = "FILE"}),
      in.text("embed.similar", "EAI_EMBED_SIMILAR", "--similar", &S::similar,
              "Print the texts that are most similar to this one, instead of vectors", {.value_name = "TEXT"}),
      in.number("embed.top", "EAI_EMBED_TOP", "--top", &S::top, "How many of the most similar texts to print; 0: all",
                {.highest = 1'000'000'000}),
  };
}

std::vector<Setting> doctor_settings() {
  using S = DoctorSettings;
  const Rows<S> in(&Config::doctor);
  return {
      in.number("doctor.timeout", "EAI_DOCTOR_TIMEOUT", "--timeout", &S::timeout,
                "Seconds that the gateways may take to answer", {.lowest = 1, .highest = 600}),
  };
}

std::vector<Setting> bench_settings() {
  using S = BenchSettings;
  const Rows<S> in(&Config::bench);
  return {
      in.number("bench.prompt_tokens", "EAI_BENCH_PROMPT_TOKENS", "--prompt-tokens", &S::prompt_tokens,
                "Length of each prompt, in tokens; as many as the context has room for, if that is less",
                {.lowest = 1, .highest = 1'000'000'000}),
      in.number("bench.tokens", "EAI_BENCH_TOKENS", "--tokens", &S::tokens, "Tokens to generate in each answer",
                {.lowest = 2, .highest = 1'000'000}),
      in.number("bench.rounds", "EAI_BENCH_ROUNDS", "--rounds", &S::rounds, "How often each is measured",
                {.lowest = 1, .highest = 1000}),
  };
}

std::vector<Setting> output_settings() {
  using S = OutputSettings;
  const Rows<S> in(&Config::output);
  return {
      in.flag("output.json", "EAI_JSON", "--json", &S::json,
              "Print JSON, an object on each line; --json=name,hash prints only those fields"),
      in.flag("output.quiet", "EAI_QUIET", "-q,--quiet", &S::quiet, "Print only results and errors"),
      in.flag("output.plain", "EAI_PLAIN", "--plain", &S::plain,
              "Plain lines, as for a screen reader: no colours, nothing that moves the cursor"),
      in.text("output.pager", "EAI_PAGER", "", &S::pager,
              "The program that shows long texts on a terminal; cat turns pages off",
              {.value_name = "PROGRAM", .usual = "$PAGER, else less"}),
      in.text("output.log_level", "EAI_LOG_LEVEL", "--log-level", &S::log_level, "What the server writes to its log",
              {.choices = {"debug", "info", "warn", "error", "off"}, .value_name = "LEVEL"}),
  };
}

}  // namespace eai::cli
