#include "preserve/cluster_api.h"

#include <algorithm>

#include <boost/json.hpp>

#include "preserve/multipart.h"
#include "util/base64.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

constexpr std::string_view k_too_few = "not enough peers";  // of the cluster's words for it

const json::value* at(const json::value& value, const char* key) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string text_at(const json::value& value, const char* key) {
  const json::value* found = at(value, key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::vector<std::string> texts_at(const json::value& value, const char* key) {
  std::vector<std::string> out;
  const json::value* found = at(value, key);
  if (found == nullptr || !found->is_array()) return out;
  for (const json::value& one : found->get_array()) {
    if (one.is_string()) out.emplace_back(one.get_string());
  }
  return out;
}

int number_at(const json::value& value, const char* key) {
  const json::value* found = at(value, key);
  return found != nullptr && found->is_int64() ? static_cast<int>(found->get_int64()) : 0;
}

// The lines of an answer; those that are not JSON come as null.
std::vector<json::value> lines_of(ByteView answer) {
  std::vector<json::value> out;
  for (std::string_view text = text_of(answer); !text.empty();) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    json::error_code error;
    json::value line = json::parse(json::string_view(text.data(), end), error);
    if (end > 0) out.push_back(error ? json::value() : std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// The first line of what a peer says about itself; the others repeat addresses.
std::string told(const std::string& error) { return printable(error.substr(0, error.find('\n')), 200); }

Holding holding_of(const std::string& status) {
  if (status == "pinned") return Holding::has;
  if (status == "cluster_error") return Holding::away;
  if (status == "pinning" || status == "pin_queued" || status == "queued") return Holding::working;
  return Holding::failed;
}

std::string query_of(const Factor& factor, const std::vector<std::string>& near) {
  std::string out;
  if (factor.most != 0) {
    out += "&replication-min=" + std::to_string(factor.least) + "&replication-max=" + std::to_string(factor.most);
  }
  for (const std::string& peer : near) out += (&peer == near.data() ? "&user-allocations=" : ",") + url_escaped(peer);
  return out;
}

Failure not_a_cluster(const std::string& what) {
  return fail(Code::network, what + ": what answers there is not the REST API of an IPFS Cluster");
}

// "Available candidates: 3."
std::string candidates_in(const std::string& message) {
  const std::string_view key = "Available candidates: ";
  const std::size_t begin = message.find(key);
  if (begin == message.npos) return "fewer";
  const std::size_t number = begin + key.size();
  return message.substr(number, message.find_first_not_of("0123456789", number) - number);
}

}  // namespace

std::string words_of(const PeerPin& peer) {
  const std::string why = peer.why.empty() ? "" : " (" + peer.why + ")";
  switch (peer.holding) {
    case Holding::has:
      return "has it";
    case Holding::working:
      return peer.status == "pinning" ? "is pinning it" : "has it in its queue";
    case Holding::failed:
      return "does not have it: " + printable(peer.status, 40) + why;
    case Holding::away:
      return "cannot be reached" + why;
  }
  return "";
}

std::string words_of(const ClusterPin& pin) {
  const std::size_t wanted = pin.wanted();
  std::string out = "is at " + std::to_string(pin.count(Holding::has)) + " of " + std::to_string(wanted) +
                    (wanted == 1 ? " peer" : " peers");
  for (const PeerPin& peer : pin.peers) {
    if (peer.holding != Holding::has) out += "; " + peer.name + " " + words_of(peer);
  }
  return out;
}

std::size_t ClusterPin::wanted() const {
  return factor.least > 0 ? static_cast<std::size_t>(factor.least) : std::max<std::size_t>(1, peers.size());
}

std::size_t ClusterPin::count(Holding holding) const {
  return static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [&](const PeerPin& peer) { return peer.holding == holding; }));
}

ClusterApi::ClusterApi(ClusterAccess access) : access_(std::move(access)) {
  while (access_.url.ends_with('/')) access_.url.pop_back();
}

peers::ServiceCall ClusterApi::call(const std::string& what, const std::string& method, const std::string& path) const {
  peers::ServiceCall out;
  out.what = name() + ": " + what;
  out.method = method;
  out.url = access_.url + path;
  // Whatever a cluster cannot do is a 500 there. These do not pass by themselves.
  out.refusals = {std::string(k_too_few), "follower mode"};
  out.secret_name = "the login";
  if (!access_.login.empty()) {
    out.secret = to_base64(access_.login);
    out.headers = {{"Authorization", "Basic " + out.secret}};
  }
  return out;
}

Result<Bytes> ClusterApi::ask(const peers::ServiceCall& call) const {
  auto answer = peers::call_service(call, access_.tries, access_.stop);
  if (answer) return answer;
  Error error = std::move(answer).error();
  if (access_.login.empty() && error.message.find("HTTP 401") != error.message.npos) {
    error.message += "; it wants a login: export EAI_CLUSTER_LOGIN=<user>:<password>";
  } else if (error.message.find(k_too_few) != error.message.npos) {
    error.code = Code::invalid;
    error.message = call.what +
                    ": the cluster has not enough peers for so many replicas: " + candidates_in(error.message) +
                    " can take one";
  }
  return Failure(std::move(error));
}

Result<std::vector<ClusterPeer>> ClusterApi::peers() const {
  const peers::ServiceCall question = call("asking for its peers", "GET", "/peers");
  auto answer = ask(question);
  if (!answer && answer.error().code == Code::not_found) return not_a_cluster(question.what);
  if (!answer && answer.error().code == Code::network) {
    answer.error().message += "; does `ipfs-cluster-service daemon` run there?";
  }
  EAI_TRY(const Bytes lines, std::move(answer));
  std::vector<ClusterPeer> out;
  for (const json::value& line : lines_of(lines)) {
    const json::value* ipfs = at(line, "ipfs");
    if (text_at(line, "id").empty() || ipfs == nullptr) return not_a_cluster(question.what);
    ClusterPeer peer{text_at(line, "peername"), texts_at(*ipfs, "addresses"), told(text_at(line, "error"))};
    if (peer.name.empty()) peer.name = text_at(line, "id");
    if (peer.trouble.empty()) peer.trouble = told(text_at(*ipfs, "error"));
    peer.name = printable(peer.name, 60);
    out.push_back(std::move(peer));
  }
  if (out.empty()) return not_a_cluster(question.what);
  return out;
}

Result<std::optional<ClusterPin>> ClusterApi::look(const ipld::Cid& cid, const std::string& label) const {
  const std::string what = "looking for the pin of " + label;
  auto allocation = ask(call(what, "GET", "/allocations/" + cid.str()));
  if (!allocation && allocation.error().code == Code::not_found) return std::optional<ClusterPin>();
  EAI_TRY(const Bytes allocated, std::move(allocation));
  EAI_TRY(const Bytes answer, ask(call(what, "GET", "/pins/" + cid.str())));
  const std::vector<json::value> pin = lines_of(allocated), status = lines_of(answer);
  const json::value* peers = status.empty() ? nullptr : at(status.front(), "peer_map");
  if (pin.empty() || peers == nullptr || !peers->is_object()) return not_a_cluster(name() + ": " + what);
  ClusterPin out;
  out.factor = {number_at(pin.front(), "replication_factor_min"), number_at(pin.front(), "replication_factor_max")};
  for (const auto& [id, state] : peers->get_object()) {
    PeerPin peer{std::string(id), text_at(state, "peername"), Holding::working, text_at(state, "status"),
                 told(text_at(state, "error"))};
    if (peer.status == "remote") continue;  // it is not to have it
    peer.name = printable(peer.name.empty() ? peer.id : peer.name, 60);
    peer.holding = holding_of(peer.status);
    out.peers.push_back(std::move(peer));
  }
  std::sort(out.peers.begin(), out.peers.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return std::optional(std::move(out));
}

Result<ClusterApi::Added> ClusterApi::add(const Upload& upload, const std::string& how, const Factor& factor,
                                          const std::vector<std::string>& near) const {
  const Multipart form = multipart_file(upload.name, upload.body);
  // Without channels an answer says whether all went well; with them, errors come in a trailer.
  auto sending = call(upload.name, "POST", "/add?no-pin=true&stream-channels=false&" + how + query_of(factor, near));
  sending.headers.push_back(form.header);
  sending.body = form.body.request();
  sending.on_sent = upload.on_sent;
  EAI_TRY(const Bytes answer, ask(sending));
  const std::vector<json::value> lines = lines_of(answer);
  const json::array* added = lines.empty() ? nullptr : lines.front().if_array();
  if (added == nullptr || added->empty()) {
    return fail(Code::network, sending.what + ": the answer does not say what was added");
  }
  const auto cid = ipld::Cid::parse(text_at(added->back(), "cid"));
  if (!cid) return Failure(Error(cid.error()).with(sending.what));
  return Added{*cid, texts_at(added->back(), "allocations")};
}

Result<void> ClusterApi::pin(const ipld::Cid& cid, const std::string& label, const Factor& factor,
                             const std::vector<std::string>& near) const {
  const auto pinning =
      call("pinning " + label, "POST", "/pins/" + cid.str() + "?name=" + url_escaped(label) + query_of(factor, near));
  EAI_TRY(const Bytes answer, ask(pinning));
  auto pinned = cid_in_answer(answer);
  if (!pinned) return Failure(std::move(pinned).error().with(pinning.what));
  if (pinned->hash() == cid.hash()) return {};
  return fail(Code::corrupt, name() + ": pins " + pinned->str() + " instead of " + cid.str());
}

}  // namespace eai::preserve
