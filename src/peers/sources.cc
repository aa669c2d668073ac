#include "peers/sources.h"

#include <algorithm>

#include <boost/url.hpp>

#include "util/shown_text.h"
#include "util/text.h"

namespace eai::peers {
namespace {

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

}  // namespace

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
  request.url = source.base + "/ipfs/" + cid.str();
  if (form == Form::raw_block) {
    request.url += "?format=raw";
    request.headers.emplace_back("Accept", "application/vnd.ipld.raw");
  }
  request.stall_timeout = options.stall_timeout;
  request.connect_timeout = std::min(request.connect_timeout, options.stall_timeout);
  if (options.plain_http_anywhere) request.plain_http = http::PlainHttp::anywhere;
  return request;
}

}  // namespace eai::peers
