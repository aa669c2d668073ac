#include <algorithm>

#include <boost/json.hpp>

#include "preserve/home.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

// {"Hash"}, {"data":{"Hash"}}, {"Root":{"Cid":{"/"}}}, {"cid"}: whichever it has.
const json::string* find_cid(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return nullptr;
  for (const char* key : {"Hash", "cid", "Cid", "/"}) {
    if (const json::value* found = object->if_contains(key)) {
      if (const json::string* text = found->if_string()) return text;
      if (const json::string* text = find_cid(*found)) return text;
    }
  }
  for (const char* key : {"data", "Root", "pin"}) {
    if (const json::value* found = object->if_contains(key)) {
      if (const json::string* text = find_cid(*found)) return text;
    }
  }
  return nullptr;
}

Result<std::unique_ptr<Home>> make_home(const std::string& word, const HomeSettings& settings) {
  const std::size_t colon = word.find(':');
  const std::string kind = word.substr(0, colon);
  const std::string rest = colon == word.npos ? "" : word.substr(colon + 1);
  if (kind != "car") EAI_CHECK(check_home_address(word));
  if (word == "lighthouse") {
    if (settings.lighthouse_key.empty() && settings.keys == HomeSettings::Keys::needed) {
      return fail(Code::invalid, "lighthouse needs an API key: export LIGHTHOUSE_API_KEY=…", Hint::lighthouse_key);
    }
    return make_lighthouse(settings);
  }
  if (kind == "kubo") return make_kubo(word, rest.empty() ? settings.kubo_api : rest, settings);
  if (kind == "cluster") return make_cluster(word, rest.empty() ? settings.cluster_api : rest, settings);
  if (kind == "car" && !rest.empty()) return make_car(word, rest);
  if (kind == "pinning" && !rest.empty()) {
    if (settings.pinning_key.empty() && settings.keys == HomeSettings::Keys::needed)
      return fail(Code::invalid, word + " needs an access token: export EAI_PINNING_KEY=…");
    return make_pinning(word, rest, settings);
  }
  return fail(Code::invalid, "\"" + printable(without_secrets(word)) +
                                 "\" is not a home; use lighthouse, kubo, kubo:<URL>, cluster, cluster:<URL>, "
                                 "pinning:<URL> or car:<file>");
}

}  // namespace

Result<void> check_home_address(const std::string& word) {
  const std::size_t colon = word.find(':');
  const std::string address = colon == word.npos ? "" : word.substr(colon + 1);
  const bool bare = address.find("://") == address.npos;  // "kubo:127.0.0.1:5001"
  if (has_login(bare ? "http://" + address : address)) return refuse_login("a home's URL");
  if (address.find('?') == address.npos) return {};
  return fail(Code::invalid, "a home's URL must end with its path: " + printable(without_secrets(word)));
}

Result<ipld::Cid> Home::put_file(const Upload&) { return fail(Code::unsupported, name_ + " takes no bytes"); }
Result<void> Home::put_car(const Upload&) { return fail(Code::unsupported, name_ + " takes no bytes"); }

Result<ipld::Cid> cid_in_answer(ByteView answer) {
  std::string_view text = text_of(answer);
  std::optional<ipld::Cid> last;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    json::error_code error;
    const json::value line = json::parse(json::string_view(text.data(), end), error);
    if (const json::string* found = error ? nullptr : find_cid(line)) {
      EAI_TRY(last, ipld::Cid::parse(std::string_view(found->data(), found->size())));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!last) return fail(Code::network, "the answer does not name a CID: " + printable(text_of(answer), 200));
  return *last;
}

Result<Homes> make_homes(const std::vector<std::string>& words, const HomeSettings& settings) {
  std::vector<std::string> sorted = words;
  std::stable_partition(sorted.begin(), sorted.end(), [](const std::string& w) { return !w.starts_with("pinning:"); });
  Homes homes;
  for (const std::string& word : sorted) {
    for (const auto& home : homes) {
      if (home->name() == word) return fail(Code::invalid, "the home " + word + " is given twice");
    }
    EAI_TRY(auto home, make_home(word, settings));
    homes.push_back(std::move(home));
  }
  return homes;
}

}  // namespace eai::preserve
