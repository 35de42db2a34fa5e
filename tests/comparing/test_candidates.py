from headstart.comparing.candidates import Candidate


def test_a_candidate_says_what_it_is():
    assert str(Candidate("mini", "crop", "knn")) == "mini, resize 'crop', head 'knn'"
