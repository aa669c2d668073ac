// Why: who may have the bytes. The names that a user or the configuration gives become sources that can be asked.
// Thread: any; plain values.
#pragma once

#include <string>
#include <vector>

#include "fetch/fetch.h"
#include "http/client.h"
#include "ipld/cid.h"

namespace eai::fetch {

struct Source {
  enum class Kind { folder, gateway };
  Kind kind = Kind::gateway;
  std::string name;  // for people: the host, or the folder
  std::string base;  // gateway: URL without a slash at the end
  fs::path folder;
};

// Folders first, then gateways in their order, each once; offline only the folders. Code::invalid for a URL that is
// neither http, https nor file, or that holds a user name or password (they would end up in errors and logs).
Result<std::vector<Source>> make_sources(const Sources& sources, const Options& options);

// How a gateway may be asked for the bytes of a CID. Bytes are checked anyway, so either will do.
enum class Form {
  raw_block,  // ?format=raw: the block itself (trustless gateways)
  file,       // the content, put together by the gateway
};
http::Request request_for(const Source& source, const ipld::Cid& cid, Form form, const Options& options);

}  // namespace eai::fetch
