// Why: what `eai doctor` has looked at, in words: what was found, whether that is well, and what to do if it is not.
// Thread: any; pure functions.
// What holds: a note is worth knowing and keeps nothing from working; a problem does keep something from it. Whatever is
// not well says what to do next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "library/doctor_machine.h"
#include "library/library.h"
#include "library/open_sockets.h"
#include "library/running.h"
#include "peers/gateway_probe.h"

namespace eai::cli {

struct Finding {
  enum class Grade { good, note, problem };
  std::string check;  // "engine", the same for all findings of a kind
  Grade grade = Grade::good;
  std::string found;      // what it is about, and how it is with it; made safe by Output
  std::string cure = {};  // empty: there is nothing to do
};
using Findings = std::vector<Finding>;

Findings findings_of(const std::vector<library::EngineFacts>& engines);
Findings findings_of(const Result<std::vector<engine::Device>>& devices);
Findings findings_of(const library::MemoryFacts& memory);
Findings findings_of(const Result<library::DiskFacts>& disk);
Findings findings_of(const std::vector<library::FolderFacts>& folders);
Findings findings_of(const Result<library::Library>& library);

// `file`: config.toml; `names`: of all variables of this process.
Findings findings_of_settings(const Result<void>& loaded, const fs::path& file, const std::vector<std::string>& names);

struct ServerFacts {
  std::optional<library::ServerRecord> record;                 // nothing: none runs
  Result<boost::json::object> status = boost::json::object();  // its answer
  std::chrono::milliseconds took{};
};
Findings findings_of(const Result<ServerFacts>& server);
// `opened`: of binding to it; a port that our own server has is not tried.
Findings findings_of_port(std::uint64_t port, const Result<void>& opened);

struct GatewayFacts {
  peers::GatewayProbe probe;
  bool is_named = false;  // in the settings, not one of the public ones
  bool has_lied = false;  // within the last day
};
Findings findings_of(const std::vector<GatewayFacts>& gateways);
// `now` and `earliest` in seconds since 1970; see library::earliest_time().
Findings findings_of_clock(const std::vector<GatewayFacts>& gateways, std::int64_t now,
                           std::optional<std::int64_t> earliest);

enum class MayGoOut { yes, no };
Findings findings_of(const Result<std::vector<library::OpenSocket>>& sockets, std::size_t processes, MayGoOut may);

struct TerminalFacts {
  bool utf8 = false, dumb = false;
  std::size_t columns = 0;  // 0: there is none
};
Findings findings_of(const TerminalFacts& terminal);

}  // namespace eai::cli
