// `eai doctor`: looks at everything that eai needs, and says of each thing how it is and what to do.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/doctor_findings.h"
#include "cli/progress.h"
#include "cli/server_answer.h"
#include "http/listeners.h"
#include "library/bring.h"
#include "library/plan.h"
#include "peers/source_memory.h"
#include "store/file_names.h"
#include "util/error_map.h"
#include "util/text.h"

extern char** environ;

namespace eai::cli {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using Grade = Finding::Grade;

std::string_view name_of(Grade grade) {
  switch (grade) {
    case Grade::good:
      return "ok";
    case Grade::note:
      return "note";
    case Grade::problem:
      return "problem";
  }
  return "";
}

std::vector<std::string> variable_names() {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    out.emplace_back(text.substr(0, text.find('=')));
  }
  return out;
}

Result<ServerFacts> look_at_server(const Folders& folders) {
  EAI_TRY(auto record, library::running_server(folders));
  ServerFacts out{.record = std::move(record)};
  if (!out.record || out.record->port == 0) return out;
  EAI_TRY(const fs::path socket, library::socket_of(folders));
  const auto begin = Clock::now();
  out.status = ask_server(socket, "/eai/status");
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  return out;
}

Result<void> try_port(const ServerSettings& server) {
  boost::asio::io_context context;
  auto opened = http::open_listeners(context, server.host, static_cast<std::uint16_t>(server.port));
  if (!opened) return Failure(std::move(opened).error());
  return {};
}

// Those of the settings and the public ones, each with what it answered.
Result<std::vector<GatewayFacts>> look_at_gateways(const Config& config, const Folders& folders) {
  const fetch::Sources all = library::sources_of(config.fetch, folders);
  const peers::Options options = library::options_of(config.fetch);
  peers::Sources only;
  only.gateways = all.gateways;
  EAI_TRY(const std::vector<peers::Source> sources, make_sources(only, options));
  peers::Sources own;
  own.gateways = config.fetch.gateways;
  EAI_TRY(const std::vector<peers::Source> named, make_sources(own, options));
  const store::HomePaths paths{folders.home};
  const peers::SourceMemory memory({paths.sources(), paths.sources_lock()});
  std::vector<GatewayFacts> out;
  for (peers::GatewayProbe& probe : probe_gateways(sources, options, std::chrono::seconds(config.doctor.timeout), {})) {
    const bool lied = memory.recall(peers::SourceMemory::key_of(probe.base)).distrusted_until.has_value();
    const bool is_named = std::ranges::any_of(named, [&](const peers::Source& one) { return one.base == probe.base; });
    out.push_back({std::move(probe), is_named, lied});
  }
  return out;
}

class Doctor {
 public:
  Doctor(Context& context, const Config& config, Result<void> loaded)
      : context_(context), config_(config), loaded_(std::move(loaded)) {}

  Findings look() {
    const Folders& folders = context_.folders;
    const std::vector<library::EngineFacts> engines = library::look_at_engines(config_.engines, folders);
    add(findings_of(engines));
    look_at_memory(engines);
    add(findings_of(library::look_at_disk(folders.home)));
    add(findings_of(library::look_at_folders(folders)));
    add(findings_of_settings(loaded_, folders.configuration / "config.toml", variable_names()));
    add(findings_of(library::Library::open(folders)));
    look_at_network();
    const std::size_t columns = context_.out.columns();
    add(findings_of(TerminalFacts{.utf8 = context_.out.is_utf8(),
                                  .dumb = columns > 0 && context_.out.is_plain() && !config_.output.plain,
                                  .columns = columns}));
    return std::move(out_);
  }

 private:
  void add(Findings findings) { std::ranges::move(findings, std::back_inserter(out_)); }

  void look_at_memory(const std::vector<library::EngineFacts>& engines) {
    engine::Programs programs;
    for (const library::EngineFacts& one : engines)
      if (one.version && one.found && !one.found->empty()) programs.emplace(one.program, *one.found);
    const auto devices = engine::find_devices(programs);
    if (!programs.empty()) add(findings_of(devices));
    add(findings_of(library::look_at_memory(devices ? *devices : std::vector<engine::Device>())));
  }

  void look_at_network() {
    const auto server = look_at_server(context_.folders);
    add(findings_of(server));
    const bool has_port = server && server->record && server->record->port == config_.server.port;
    if (!has_port && config_.server.port != 0) add(findings_of_port(config_.server.port, try_port(config_.server)));
    std::vector<GatewayFacts> gateways;
    if (config_.fetch.offline) {
      add({{"gateway", Grade::good, "none was asked, because eai is to stay offline"}});
    } else if (auto found = look_at_gateways(config_, context_.folders)) {
      gateways = *std::move(found);
      add(findings_of(gateways));
    } else {
      add({{"gateway", Grade::problem, found.error().message,
            "mend fetch.gateways; `eai config edit` opens the settings"}});
    }
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    add(findings_of_clock(gateways, now, library::earliest_time(context_.folders)));
    look_at_sockets(server);
  }

  void look_at_sockets(const Result<ServerFacts>& server) {
    std::vector<pid_t> processes = library::family_of(::getpid());
    if (server && server->record && server->record->pid > 1)
      std::ranges::copy(library::family_of(server->record->pid), std::back_inserter(processes));
    const auto may = config_.fetch.offline ? MayGoOut::no : MayGoOut::yes;
    add(findings_of(library::sockets_of(processes), processes.size(), may));
  }

  Context& context_;
  const Config& config_;
  Result<void> loaded_;
  Findings out_;
};

void print(const Finding& finding, Output& out) {
  if (out.quiet() && finding.grade == Grade::good) return;
  constexpr std::size_t k_grade = 9, k_check = 10;
  const Style style = finding.grade == Grade::good   ? Style::green
                      : finding.grade == Grade::note ? Style::yellow
                                                     : Style::red;
  std::string grade(name_of(finding.grade)), check = finding.check;
  const std::size_t blanks = k_grade - grade.size();
  check.resize(std::max(k_check, check.size() + 1), ' ');
  out.line(out.styled(style, grade) + std::string(blanks, ' ') + check + finding.found);
  if (!finding.cure.empty())
    out.line(std::string(k_grade + k_check, ' ') + (out.is_utf8() ? "→ " : "-> ") + finding.cure);
}

std::string count_words(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

int report(const Findings& findings, Output& out) {
  const auto count = [&](Grade grade) {
    return static_cast<std::size_t>(std::ranges::count(findings, grade, &Finding::grade));
  };
  const std::size_t problems = count(Grade::problem), notes = count(Grade::note);
  json::array checks;
  for (const Finding& finding : findings) {
    print(finding, out);
    json::object one{{"check", finding.check}, {"state", name_of(finding.grade)}, {"found", finding.found}};
    if (!finding.cure.empty()) one["cure"] = finding.cure;
    checks.push_back(std::move(one));
  }
  out.event(json::object{{"checks", std::move(checks)}, {"problems", problems}, {"notes", notes}});
  out.note(problems + notes == 0 ? "All is well."
                                 : count_words(problems, "problem") + ", " + count_words(notes, "note") + ".");
  return problems == 0 ? 0 : face_of(Code::io).exit_status;
}

// With as much as can be used of the file and the variables. What is wrong with them is a finding; with an option, an error.
Result<Config> usable_config(const Context& context, const Result<Config>& loaded) {
  if (loaded) return *loaded;
  if (auto without_file = load_config({}, std::getenv, context.given)) return without_file;
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  return load_config({}, nothing, context.given);
}

}  // namespace

Result<int> doctor(Context& context) {
  const auto loaded = load_config(context.folders.configuration / "config.toml", std::getenv, context.given);
  EAI_TRY(const Config config, usable_config(context, loaded));
  ProgressDisplay display(context.out);
  Bar bar;
  bar.label = "eai doctor";
  bar.phase = "looking at everything";
  display.show(bar);
  const Findings findings =
      Doctor(context, config, loaded ? Result<void>() : Result<void>(Failure(loaded.error()))).look();
  display.clear();
  return report(findings, context.out);
}

}  // namespace eai::cli
