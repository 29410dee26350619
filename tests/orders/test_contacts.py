"""Files of contacts and of opt-outs: ids byte for byte as in the purchases, and no row lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.errors import ColumnError, SourceError
from churnrisk.orders import Contact, IntakeOptions, read_contacts, read_opted_out
from churnrisk.tables import Table, write_table


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("customer_id,email,first_name,last_name", "utf-8"),
        ("Klient;Adres e-mail;Imię;Nazwisko", "cp1250"),
        ("Клиент\tИмейл\tИме\tФамилия", "cp1251"),
        ("Customer ID,E-Mail,First Name,Last Name", "utf-16"),
    ],
)
def test_usual_headers_are_recognised(tmp_path: Path, header: str, encoding: str) -> None:
    sign = next(sign for sign in ",;\t" if sign in header)
    rows = "".join(f"00{k}{sign}a{k}@shop.example{sign}Anna{sign}Nowak\n" for k in range(20))
    found = read_contacts(write(tmp_path / "contacts.csv", f"{header}\n{rows}", encoding))
    assert found.contacts["007"] == Contact("a7@shop.example", "Anna", "Nowak")
    assert len(found.contacts) == found.rows_in == 20


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    text = "customer_id,email\na,\na,x@y.example\na,z@y.example\n,b@y.example\n\n b ,\n"
    found = read_contacts(write(tmp_path / "contacts.csv", text))
    assert found.contacts == {"a": Contact("x@y.example"), "b": Contact()}
    assert found.to_dict() == {
        "customers": 2,
        "source": "contacts.csv",
        "rows_in": 5,
        "rows_without_customer": 1,
        "rows_repeated": 2,
        "rows_unreadable": 0,
    }


def test_ids_are_read_as_those_of_purchases(tmp_path: Path) -> None:
    ids = ["=1+1", "007", "NA", "20000000000000000001", "Ü", "'=x", "🙂"]
    write_table(Table({"customer_id": ids}), tmp_path / "out.csv", holds=None)
    write_table(Table({"customer_id": ids}), tmp_path / "out.xlsx", holds=None)
    for name in ("out.csv", "out.xlsx"):
        assert list(read_opted_out(tmp_path / name).contacts) == ids
    folded = read_opted_out(tmp_path / "out.csv", IntakeOptions(fold_case=True))
    assert "ü" in folded.contacts
    mapped = write(tmp_path / "mapped.csv", "Nr,x\n1,2\n")
    assert list(read_opted_out(mapped, IntakeOptions(columns={"customer_id": "Nr", "amount": "y"})).contacts) == ["1"]


def test_an_opt_out_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    assert read_opted_out(write(tmp_path / "none.csv", "customer_id\n")).contacts == {}
    with pytest.raises(SourceError, match=r"bad\.csv: 2 rows cannot be read or have no customer id"):
        read_opted_out(write(tmp_path / "bad.csv", 'customer_id,note\na,x\n,y\n"b,z\n'))
    with pytest.raises(ColumnError, match="no column for customer_id"):
        read_opted_out(write(tmp_path / "headless.csv", "1001\n1002\n"))


def test_contacts_need_one_column_of_addresses(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="no column of e-mail addresses"):
        read_contacts(write(tmp_path / "a.csv", "customer_id,phone\n1,2\n"))
    with pytest.raises(ColumnError, match="email, mail could each be the email"):
        read_contacts(write(tmp_path / "b.csv", "customer_id,email,mail\n1,2,3\n"))


def test_a_guest_who_has_opted_out_is_found_however_the_list_writes_the_address(tmp_path: Path) -> None:
    path = write(tmp_path / "out.csv", "customer_id\nAda@Example.com\nK-17\n")
    assert set(read_opted_out(path).contacts) == {"Ada@Example.com", "ada@example.com", "K-17"}
