// What `eai doctor` says of the server, its port, the gateways, the clock and the open sockets.
#include <algorithm>
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/doctor_findings.h"
#include "cli/server_answer.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

using Grade = Finding::Grade;
using Meaning = peers::GatewayProbe::Meaning;

constexpr std::int64_t k_minute = 60, k_day = 86'400;

std::string milliseconds(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

Finding finding_of(const GatewayFacts& gateway) {
  const peers::GatewayProbe& probe = gateway.probe;
  const std::string cure = gateway.is_named ? "see that it runs, or take it out of fetch.gateways"
                                            : "eai asks the other sources; --gateway names one of yours";
  Finding out{"gateway", Grade::note, probe.base, cure};
  switch (probe.meaning) {
    case Meaning::answers:
      out.grade = Grade::good;
      out.found += " answers after " + milliseconds(probe.took);
      out.cure.clear();
      break;
    case Meaning::other:
      out.found += " does not answer as a gateway (" + probe.why + "), after " + milliseconds(probe.took);
      break;
    case Meaning::unreachable:
      out.found += " was not reached: " + probe.why;
      break;
  }
  if (!gateway.has_lied) return out;
  out.grade = Grade::note;
  out.found += "; less than a day ago it sent wrong bytes";
  out.cure = "eai threw them away and asks others first";
  return out;
}

// "2 days", of a difference that matters.
std::string span(std::int64_t seconds) { return human_duration(std::chrono::seconds(std::abs(seconds))); }

std::string shown(const library::Endpoint& at) {
  const bool six = at.address.find(':') != std::string::npos;
  return (six ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

void add_once(std::vector<std::string>& to, std::string word) {
  if (std::ranges::find(to, word) == to.end()) to.push_back(std::move(word));
}

}  // namespace

Findings findings_of(const Result<ServerFacts>& server) {
  if (!server)
    return {{"server", Grade::problem, "whether one runs cannot be told: " + server.error().message,
             "the folder for sockets has to be usable, see above"}};
  if (!server->record) return {{"server", Grade::good, "none is running"}};
  const library::ServerRecord& record = *server->record;
  const std::string process = "process " + std::to_string(record.pid);
  if (record.port == 0)
    return {
        {"server", Grade::note, "one is starting", "wait until it is ready; `eai model logs -f` shows how it goes"}};
  if (!server->status)
    return {{"server", Grade::problem, process + " at " + record.address() + ": " + server->status.error().message,
             "`eai model logs` shows what it did last, and `eai model stop` ends it"}};
  const boost::json::object& status = *server->status;
  Findings out{{"server", Grade::good,
                process + " at " + record.address() + " answers after " + milliseconds(server->took) + ", with " +
                    (record.names.empty() ? "no model yet" : list_of(record.names))}};
  const std::string version = text_in(status, "version");
  if (version != EAI_VERSION)
    out.push_back({"server", Grade::note, "it is version " + printable(version, 40) + ", and this program " EAI_VERSION,
                   "`eai model stop` and a new start bring both together"});
  return out;
}

Findings findings_of_port(std::uint64_t port, const Result<void>& opened) {
  const std::string name = std::to_string(port);
  if (opened) return {{"port", Grade::good, name + " is free for the server"}};
  if (opened.error().code != Code::busy)
    return {{"port", Grade::problem, opened.error().message,
             "server.host names where the server listens; `eai config unset server.host` takes the usual place"}};
  return {{"port", Grade::problem, "another program uses port " + name + " (" + opened.error().message + ")",
           "`eai config set server.port 8081` takes another one, or --port 0 any that is free"}};
}

Findings findings_of(const std::vector<GatewayFacts>& gateways) {
  Findings out;
  for (const GatewayFacts& gateway : gateways) out.push_back(finding_of(gateway));
  const auto answers = [](const GatewayFacts& one) { return one.probe.meaning == Meaning::answers; };
  if (gateways.empty())
    out.push_back({"gateway", Grade::note, "none is configured, so nothing can be downloaded from others",
                   "name one with --gateway or fetch.gateways, or leave out --no-public-gateways"});
  else if (std::ranges::none_of(gateways, answers))
    out.push_back({"gateway", Grade::problem, "none answers, so nothing can be downloaded",
                   "see whether this machine has a network and whether a proxy is needed (https_proxy); models that "
                   "are here run without"});
  return out;
}

Findings findings_of_clock(const std::vector<GatewayFacts>& gateways, std::int64_t now,
                           std::optional<std::int64_t> earliest) {
  const std::string cure =
      "set the clock (`timedatectl set-ntp true` does so by itself); with a wrong one certificates are refused";
  if (earliest && now < *earliest - k_day)
    return {
        {"clock", Grade::problem, "it says a time " + span(*earliest - now) + " before this program was made", cure}};
  std::vector<std::int64_t> ahead;
  for (const GatewayFacts& gateway : gateways)
    if (gateway.probe.ahead) ahead.push_back(gateway.probe.ahead->count());
  if (ahead.empty()) return {{"clock", Grade::good, "no gateway told the time, so it was compared with nothing"}};
  const auto middle = ahead.begin() + static_cast<std::ptrdiff_t>(ahead.size() / 2);
  std::ranges::nth_element(ahead, middle);
  const std::int64_t off = *middle;
  if (std::abs(off) < k_minute) return {{"clock", Grade::good, "it agrees with the gateways"}};
  const std::string found = "it is " + span(off) + (off > 0 ? " behind" : " ahead of") + " that of the gateways";
  return {{"clock", std::abs(off) < k_day ? Grade::note : Grade::problem, found, cure}};
}

Findings findings_of(const Result<std::vector<library::OpenSocket>>& sockets, std::size_t processes, MayGoOut may) {
  if (!sockets) return {{"network", Grade::note, sockets.error().message, "a firewall or `lsof -i` can tell"}};
  std::vector<std::string> away, open;
  for (const library::OpenSocket& socket : *sockets) {
    if (socket.leads_away()) add_once(away, shown(socket.peer));
    if (socket.lets_others_in()) add_once(open, shown(socket.own));
  }
  const std::string who = processes == 1 ? "this process of eai" : std::to_string(processes) + " processes of eai";
  Findings out;
  if (away.empty())
    out.push_back({"network", Grade::good, "the system knows of no connection of " + who + " to another machine"});
  else if (may == MayGoOut::yes)
    out.push_back({"network", Grade::note, "connections to other machines: " + list_of(away),
                   "these are downloads, pictures that requests name, shares or workers; `eai model logs` tells"});
  else
    out.push_back({"network", Grade::problem,
                   "though eai is to stay offline, there are connections to " + list_of(away),
                   "a server that was started before keeps its settings: `eai model stop` ends it"});
  if (!open.empty())
    out.push_back({"network", Grade::note, "other machines may connect to " + list_of(open),
                   "server.host, share.host or worker.host say so; 127.0.0.1 lets only this machine in"});
  return out;
}

}  // namespace eai::cli
