/** Finds cities and homes by any name in any script, typing errors included (the server does that), and goes there. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Button } from "react-aria-components/Button";
import { ComboBox } from "react-aria-components/ComboBox";
import { Group } from "react-aria-components/Group";
import { Header } from "react-aria-components/Header";
import { Input } from "react-aria-components/Input";
import { ListBox, ListBoxItem, ListBoxSection } from "react-aria-components/ListBox";
import { Popover } from "react-aria-components/Popover";
import { api, type Schemas, unwrap } from "~/api/client";
import { problemText } from "~/api/problem";
import type { MapAt } from "~/map/limits";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Search.module.css";

export function Search({
  near,
  onCity,
  onHome,
}: {
  near: () => MapAt | null;
  onCity: (city: Schemas["CityRef"]) => void;
  onHome: (home: Schemas["HomeCard"]) => void;
}) {
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const { data, error, isFetching } = useQuery({
    queryKey: ["search", q],
    queryFn: ({ signal }) => {
      const at = near();
      return unwrap(
        api.GET("/api/v1/search", { params: { query: { q, lat: at?.lat, lng: at?.lng, limit: 8 } }, signal }),
      );
    },
    enabled: q.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const cities = q ? (data?.cities ?? []) : [];
  const homes = q ? (data?.homes ?? []) : [];

  const choose = (key: React.Key | null) => {
    const city = cities.find(({ id }) => `city/${id}` === key);
    const home = homes.find(({ id }) => `home/${id}` === key);
    if (city) onCity(city);
    if (home) onHome(home);
    if (city || home) setText("");
  };

  return (
    <ComboBox
      aria-label={words.search.label}
      className={css.search}
      inputValue={text}
      onInputChange={setText}
      value={null}
      onChange={choose}
      allowsCustomValue
      allowsEmptyCollection
      menuTrigger="input"
    >
      <Group className={css.box}>
        <span className={css.lens}>
          <Icon name="search" size={18} />
        </span>
        <Input className={css.input} placeholder={words.search.placeholder} />
        {text && (
          <Button slot={null} className={css.clear} aria-label={words.field.clear} onPress={() => setText("")}>
            <Icon name="close" size={16} />
          </Button>
        )}
      </Group>
      <Popover className={css.popover} offset={6} isNonModal>
        <ListBox
          className={css.list}
          renderEmptyState={() => (
            <p className={css.empty}>
              {error ? problemText(error).title : isFetching || !q ? words.search.looking : words.search.nothing(q)}
            </p>
          )}
        >
          {cities.length > 0 && (
            <ListBoxSection id="cities">
              <Header className={css.header}>{words.search.cities}</Header>
              {cities.map((city) => (
                <ListBoxItem key={city.id} id={`city/${city.id}`} textValue={city.name} className={css.item}>
                  <Icon name="city" size={18} />
                  <span className={css.what}>
                    <span className={css.name}>{city.name}</span>
                    <span className={css.where}>
                      {[city.region, words.country(city.country)].filter(Boolean).join(", ")}
                    </span>
                  </span>
                </ListBoxItem>
              ))}
            </ListBoxSection>
          )}
          {homes.length > 0 && (
            <ListBoxSection id="homes">
              <Header className={css.header}>{words.search.homes}</Header>
              {homes.map((home) => (
                <ListBoxItem key={home.id} id={`home/${home.id}`} textValue={home.title} className={css.item}>
                  <Icon name="home" size={18} />
                  <span className={css.what}>
                    <span className={css.name}>{home.title}</span>
                    <span className={css.where}>{home.city.name}</span>
                  </span>
                </ListBoxItem>
              ))}
            </ListBoxSection>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
