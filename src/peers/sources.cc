#include "peers/sources.h"

#include <algorithm>
#include <cstdlib>

#include <boost/url.hpp>

#include "http/address.h"
#include "peers/block_folder.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::peers {
namespace {

constexpr std::size_t k_most_files = 64;  // of a folder

Failure fail_url(std::string_view text, const std::string& why) {
  return fail(Code::invalid, "the gateway \"" + printable(without_secrets(text), 100) + "\" " + why +
                                 "; use https://host, http://192.168.1.7:8080 or file:///folder");
}

Source folder_source(const fs::path& folder) {
  return {Source::Kind::folder, folder.string(), {}, folder.lexically_normal()};
}

Result<Source> parse_gateway(std::string_view text) {
  if (has_login(text)) return refuse_login("a gateway's URL");
  auto url = boost::urls::parse_uri(text);
  if (!url) return fail_url(text, "is not a URL");
  if (url->has_userinfo()) return refuse_login("a gateway's URL");
  if (url->scheme() == "file") {
    if (!url->host().empty() || !url->is_path_absolute()) return fail_url(text, "names no folder of this machine");
    return folder_source(url->path());
  }
  if (url->scheme() != "http" && url->scheme() != "https") return fail_url(text, "is not http, https or file");
  if (url->host().empty()) return fail_url(text, "names no host");
  if (url->has_query() || url->has_fragment()) return fail_url(text, "must end with its path");
  Source source;
  source.base = std::string(url->buffer());
  while (source.base.ends_with('/')) source.base.pop_back();
  if (source.base.ends_with("/ipfs")) source.base.erase(source.base.size() - 5);
  source.name = std::string(url->encoded_host_and_port());
  return source;
}

// A CAR has blocks, whatever it is called; any other file may be one of a model.
Source file_source(const fs::path& file, std::size_t most_blocks = ipld::CarIndex::k_most_blocks) {
  if (auto car = CarFile::open(file, most_blocks))
    return {Source::Kind::folder, file.string(), {}, file, *std::move(car)};
  return {Source::Kind::file, file.string(), {}, file};
}

// A folder of blocks, and what else lies in it: a stick may have CARs and models.
std::vector<Source> sources_in(const fs::path& folder) {
  std::vector<Source> out = {folder_source(folder)};
  std::size_t room = ipld::CarIndex::k_most_blocks;  // for all CARs together
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (out.size() > k_most_files || !it->is_regular_file(error)) continue;
    if (ipld::Cid::parse(it->path().filename().string())) continue;
    out.push_back(file_source(it->path(), room));
    if (out.back().car) room -= out.back().car->index.count();
  }
  std::sort(out.begin() + 1, out.end(), [](const Source& a, const Source& b) { return a.name < b.name; });
  return out;
}

Result<std::vector<Source>> parse_other(const std::string& text) {
  if (text.find("://") == std::string::npos) {
    std::error_code error;
    const auto status = fs::status(text, error);
    if (fs::is_directory(status)) return sources_in(text);
    if (fs::is_regular_file(status)) return std::vector{file_source(text)};
    return fail(Code::not_found, "the source " + printable(text, 200) + " is neither a file, a folder nor a URL");
  }
  if (has_login(text)) return refuse_login("a source's URL");
  const auto url = boost::urls::parse_uri(text);
  const bool web = url && (url->scheme() == "http" || url->scheme() == "https") && !url->host().empty();
  if (!web || url->has_userinfo() || url->has_fragment()) {
    return fail(Code::invalid, "the source \"" + printable(without_secrets(text), 100) +
                                   "\" is not a URL of a file; use https://host/path/model.gguf");
  }
  return std::vector{Source{Source::Kind::url, std::string(url->encoded_host_and_port()), text, {}}};
}

// What metadata name is only ever a path on the hub.
std::string escaped_path(std::string_view path) {
  constexpr auto k_plain = boost::urls::unreserved_chars + boost::urls::grammar::lut_chars("/");
  return boost::urls::encode(path, k_plain);
}

bool uses_proxy() {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
}

}  // namespace

Source hub_source(const std::string& repository, const std::string& file) {
  const char* endpoint = std::getenv("HF_ENDPOINT");
  const char* token = std::getenv("HF_TOKEN");
  std::string base = endpoint != nullptr && *endpoint != '\0' ? endpoint : "https://huggingface.co";
  while (base.ends_with('/')) base.pop_back();
  Source source{Source::Kind::url,
                http::host_of(base),
                base + "/" + escaped_path(repository) + "/resolve/main/" + escaped_path(file),
                {}};
  if (token != nullptr) source.token = token;
  return source;
}

Result<std::vector<Source>> make_sources(const Sources& sources, const Options& options) {
  std::vector<Source> folders;
  std::vector<Source> gateways;
  for (const fs::path& folder : sources.block_folders) folders.push_back(folder_source(folder));
  for (const std::string& text : sources.gateways) {
    EAI_TRY(Source source, parse_gateway(text));
    bool folder = source.kind == Source::Kind::folder;
    if (!folder && options.offline) continue;
    (folder ? folders : gateways).push_back(std::move(source));
  }
  for (const std::string& text : sources.others) {
    if (text == k_hugging_face) continue;  // it takes the metadata
    EAI_TRY(std::vector<Source> found, parse_other(text));
    for (Source& source : found) {
      if (source.is_here())
        folders.push_back(std::move(source));
      else if (!options.offline)
        gateways.push_back(std::move(source));
    }
  }
  std::vector<Source> out;
  for (auto* list : {&folders, &gateways}) {
    for (Source& source : *list) {
      bool known = std::any_of(out.begin(), out.end(), [&](const Source& other) {
        return other.kind == source.kind && other.base == source.base && other.folder == source.folder;
      });
      if (!known) out.push_back(std::move(source));
    }
  }
  return out;
}

http::Request request_for(const Source& source, const ipld::Cid& cid, Form form, const Options& options) {
  http::Request request;
  if (source.kind == Source::Kind::url) {
    request.url = source.base;
    if (!source.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + source.token);
    // Nobody on the Internet may send us to a machine of this network. A proxy's address would be judged instead.
    if (!is_nearby(http::host_of(source.base)) && !uses_proxy()) request.peer_allowed = http::is_public_address;
  } else {
    request.url = source.base + "/ipfs/" + cid.str();
    if (form == Form::raw_block) {
      request.url += "?format=raw";
      request.headers.emplace_back("Accept", "application/vnd.ipld.raw");
    }
  }
  request.stall_timeout = options.stall_timeout;
  request.connect_timeout = std::min(request.connect_timeout, options.stall_timeout);
  if (options.plain_http_anywhere) request.plain_http = http::PlainHttp::anywhere;
  return request;
}

}  // namespace eai::peers
