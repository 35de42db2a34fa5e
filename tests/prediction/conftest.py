"""A saved model to look into: that of the tests of saving."""

from tests.model import conftest as models

save, model_folder = models.save, models.model_folder
