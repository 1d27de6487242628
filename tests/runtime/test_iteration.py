from tagger.runtime.iteration import blocks


def test_blocks():
    assert list(blocks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(blocks([], 2)) == []
