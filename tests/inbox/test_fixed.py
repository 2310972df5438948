"""What is drawn once for everybody: nothing of the page gets into it, and later pages get the same."""

from django.template import Context, Template


def test_variables_of_the_page_stay_out():
    template = Template("{% load fixed %}{{ name }}{% fixed %}[{{ name }}]{% endfixed %}")
    assert template.render(Context({"name": "Fatima"})) == "Fatima[]"
    assert template.render(Context({"name": "Joris"})) == "Joris[]"


def test_other_tags_work_inside():
    template = Template(
        '{% load fixed icons %}{% fixed %}{% icon "clock" %}{% translate "Keys" %}{% url "search" %}{% endfixed %}'
    )
    drawn = template.render(Context())
    assert drawn == template.render(Context())
    assert drawn.endswith("</svg>Sneltoetsen/search/")
