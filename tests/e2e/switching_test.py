"""Two models behind one port, asked at once: no stream is cut, every answer comes from the model that was asked."""
import threading

from conftest import WAIT, similarity

STREAMS, STORIES, EMBEDDINGS = 3, 6, 12


def in_threads(*jobs):
    """Runs all at once; returns their results, or raises the first failure."""
    results, failures = [None] * len(jobs), []

    def work(i):
        try:
            results[i] = jobs[i]()
        except BaseException as failure:  # noqa: BLE001 - told by the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT * 3)
    if failures:
        raise failures[0]
    assert not any(t.is_alive() for t in threads), "a request never ended"
    return results


def test_switching_under_load_cuts_no_stream(server):
    chat, embed = server.hash_of("eai-demo"), server.hash_of("eai-demo-embed")
    text = "How do I run a model?"
    reference = server.embed([text], model=embed)[0]

    def stories():
        endings = []
        for _ in range(STORIES):
            parts = server.openai.chat.completions.create(
                model=chat, messages=[{"role": "user", "content": "Tell me a story"}], temperature=0, stream=True)
            last = None
            count = 0
            for part in parts:
                last, count = part.choices[0].finish_reason or last, count + 1
            endings.append((last, count > 20, parts.response.headers["x-eai-model"]))
        return endings

    def embeddings():
        return [server.embed([text], model=embed)[0] for _ in range(EMBEDDINGS)]

    *told, vectors = in_threads(*[stories] * STREAMS, embeddings)
    assert [e for endings in told for e in endings] == [("stop", True, chat)] * (STREAMS * STORIES)
    assert len(vectors) == EMBEDDINGS and all(similarity(v, reference) > 0.999 for v in vectors)


def test_many_at_once_for_a_model_that_is_not_loaded(server):
    """A single start answers all of them."""
    chat, embed = server.hash_of("eai-demo"), server.hash_of("eai-demo-embed")
    server.embed(["text"], model=embed)
    answers = in_threads(*[lambda: server.ask("What is the capital of France?", model=chat)] * 8)
    assert all("Paris" in answer for answer in answers)
